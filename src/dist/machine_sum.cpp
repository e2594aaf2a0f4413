#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>

#include "core/cache_line.hpp"
#include "dist/shared_memory.hpp"
#include "dist/sum.hpp"
#include "tenon/error.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace tenon::dist {
namespace {

constexpr std::size_t kFloatsOfALine = kCacheLine / sizeof(float);
constexpr std::size_t kFloatsAtOnce = 2048;
constexpr std::size_t kLongestAddress = 96;

/// What a rank tells the others of its machine. Counts of pieces are of all rounds together.
struct Board {
  struct Area {
    std::uint64_t number = 0;  ///< Another one for other memory; 0: none.
    std::array<char, kLongestAddress> address{};
  };
  /// Written before the first piece of a round is given: by then nobody reads those of the last.
  std::array<Area, Sum::kAreas> areas;
  std::uint64_t token = 0;
  alignas(kCacheLine) std::atomic<std::uint64_t> given;
  alignas(kCacheLine) std::atomic<std::uint64_t> summed;    ///< By this rank, its part of them.
  alignas(kCacheLine) std::atomic<std::uint64_t> meetings;  ///< To which this rank has come.
  /// The last round in which it met a sum that is not finite; those of odd and of even rounds
  /// apart: who is a round ahead does not overwrite what others still read.
  std::array<std::atomic<std::uint64_t>, 2> not_finite;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct Piece {
  std::size_t area = 0;
  std::size_t offset = 0;  ///< Bytes.
  std::size_t count = 0;
};

/// True if one of them is infinite or NaN.
bool any_not_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7F800000U;
  std::uint32_t found = 0;
  for (const float value : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    found |= (bits & kExponent) == kExponent ? 1U : 0U;
  }
  return found != 0;
}

/// Memory that is written over before the caches are asked for its beginning again.
constexpr std::size_t kMoreThanCachesKeep = std::size_t{16} << 20U;

/// Without first reading what it writes over. `to` begins a cache line.
void copy_past_caches(std::byte* to, std::span<const std::byte> from) {
  std::size_t done = 0;
#if defined(__SSE2__)
  constexpr std::size_t kAtOnce = sizeof(__m128i);
  for (; done + kCacheLine <= from.size(); done += kCacheLine) {
    for (std::size_t i = done; i < done + kCacheLine; i += kAtOnce) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from.data() + i)));
    }
  }
  _mm_sfence();
#endif
  std::memcpy(to + done, from.data() + done, from.size() - done);
}

class MachineSum final : public Sum {
 public:
  MachineSum(Communicator& communicator, std::vector<std::shared_ptr<SharedMemory>> boards)
      : communicator_(communicator),
        me_(static_cast<std::size_t>(communicator.rank())),
        boards_(std::move(boards)),
        seen_(boards_.size()),
        bases_(boards_.size()) {}

  Tensor memory(std::size_t total, std::size_t given) override {
    const auto made = SharedMemory::make(total, given);
    if (!made) {
      throw Error(make_diagnostic(
          "R002",
          fmt::format("rank {}: the system gave no {} bytes of memory that the other ranks of the "
                      "machine can see",
                      me_, total),
          {}, "start fewer ranks on this machine, or give it more memory"));
    }
    for (auto known = made_.begin(); known != made_.end();)
      known = known->second.memory.expired() ? made_.erase(known) : std::next(known);
    made_[made->data()] = {made, ++last_number_};
    return Tensor::view(made->data(), DType::kUInt8, Shape{static_cast<std::int64_t>(total)}, made);
  }

  /// What was just made is still in a cache.
  std::size_t useful_bytes() const noexcept override { return std::size_t{1} << 20U; }

  void begin(std::vector<float> weights, const Areas& areas) override {
    begin_round(std::move(weights), areas, false);
  }

  bool divides() const noexcept override { return true; }

  Tensor memory_of(const void* data) const override {
    const auto* at = static_cast<const std::byte*>(data);
    auto entry = made_.upper_bound(at);
    if (entry == made_.begin()) return {};
    const auto held = (--entry)->second.memory.lock();
    if (!held || at >= entry->first + held->size()) return {};
    return Tensor::view(held->data(), DType::kUInt8, Shape{static_cast<std::int64_t>(held->size())},
                        held);
  }

  void begin_divided(std::vector<float> weights, const Areas& areas) override {
    begin_round(std::move(weights), areas, true);
  }

  std::span<float> part_of(std::span<float> piece, int rank) const override {
    const std::size_t lines = (piece.size() + kFloatsOfALine - 1) / kFloatsOfALine;
    const auto border = [&](std::size_t of) {
      return std::min(piece.size(), lines * of / boards_.size() * kFloatsOfALine);
    };
    const std::size_t first = border(static_cast<std::size_t>(rank));
    return piece.subspan(first, border(static_cast<std::size_t>(rank) + 1) - first);
  }

  void spread(std::size_t area, std::span<const float> values) override {
    const std::size_t offset = offset_in(area, values.data());
    for (std::size_t rank = 0; rank < boards_.size(); ++rank) {
      if (rank == me_) continue;
      std::byte* to = bases_[rank][area] + offset;
      if (sizes_[area] >= kMoreThanCachesKeep) {
        copy_past_caches(to, std::as_bytes(values));
      } else {
        std::memcpy(to, values.data(), values.size_bytes());
      }
    }
  }

  void meet() override {
    board(me_).meetings.store(++met_, std::memory_order_release);
    communicator_.wait_until([&] { return lags(&Board::meetings, met_) < 0; },
                             [&] { return std::max(0, lags(&Board::meetings, met_)); });
  }

  void fetch(std::size_t area, int rank, std::span<float> values) override {
    std::memcpy(values.data(),
                bases_[static_cast<std::size_t>(rank)][area] + offset_in(area, values.data()),
                values.size_bytes());
  }

  void give(std::size_t area, std::span<float> values) override {
    pieces_.push_back({area, offset_in(area, values.data()), values.size()});
    board(me_).given.store(before_ + pieces_.size(), std::memory_order_release);
    progress();
  }

  void progress() override {
    for (; done_ < pieces_.size() && lags(&Board::given, before_ + done_ + 1) < 0; ++done_) {
      if (!others_known_) look_at_areas();
      add(pieces_[done_]);
      board(me_).summed.store(before_ + done_ + 1, std::memory_order_release);
    }
  }

  bool finish() override {
    const std::uint64_t all = before_ + pieces_.size();
    communicator_.wait_until(
        [&] {
          progress();
          return done_ == pieces_.size() && lags(&Board::summed, all) < 0;
        },
        [&] {
          return std::max(0, done_ < pieces_.size() ? lags(&Board::given, before_ + done_ + 1)
                                                    : lags(&Board::summed, all));
        });
    before_ = all;
    const bool finite = std::ranges::none_of(boards_, [&](const auto& memory) {
      const auto* told = reinterpret_cast<const Board*>(memory->data());
      return told->not_finite[round_ % 2].load(std::memory_order_acquire) == round_;
    });
    if (divided_ && !finite) spread_sums();
    return finite;
  }

 private:
  struct Made {
    std::weak_ptr<SharedMemory> memory;
    std::uint64_t number = 0;
  };

  Board& board(std::size_t rank) const { return *reinterpret_cast<Board*>(boards_[rank]->data()); }

  void begin_round(std::vector<float> weights, const Areas& areas, bool divided) {
    weights_ = std::move(weights);
    divided_ = divided;
    pieces_.clear();
    done_ = 0;
    ++round_;
    others_known_ = false;
    Board& own = board(me_);
    for (std::size_t i = 0; i < kAreas; ++i) {
      const auto* data = areas[i].defined() ? areas[i].bytes() : nullptr;
      bases_[me_][i] = const_cast<std::byte*>(data);
      sizes_[i] = areas[i].defined() ? areas[i].byte_size() : 0;
      const auto entry = made_.find(data);
      Board::Area& told = own.areas[i];
      const std::uint64_t number = entry == made_.end() ? 0 : entry->second.number;
      if (told.number == number) continue;
      told.number = number;
      told.address.fill(0);
      if (const auto held = number == 0 ? nullptr : entry->second.memory.lock())
        held->address().copy(told.address.data(), kLongestAddress - 1);
    }
  }

  std::size_t offset_in(std::size_t area, const float* values) const {
    return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(values) - bases_[me_][area]);
  }

  /// Of this rank's parts, which the others were not given.
  void spread_sums() {
    for (const Piece& piece : pieces_) {
      if (piece.area == kGradients)
        spread(piece.area, part_of({numbers(me_, piece, 0), piece.count}, communicator_.rank()));
    }
    meet();
  }

  /// The first rank that has not come so far; below 0: none.
  int lags(std::atomic<std::uint64_t> Board::*count, std::uint64_t wanted) const {
    for (std::size_t rank = 0; rank < boards_.size(); ++rank) {
      if ((board(rank).*count).load(std::memory_order_acquire) < wanted)
        return static_cast<int>(rank);
    }
    return -1;
  }

  /// Of the ranks that have given a piece in this round.
  void look_at_areas() {
    for (std::size_t rank = 0; rank < boards_.size(); ++rank) {
      if (rank == me_) continue;
      for (std::size_t i = 0; i < kAreas; ++i) {
        const Board::Area& told = board(rank).areas[i];
        auto& known = seen_[rank][told.number];
        if (!known && told.number != 0) known = opened(rank, told.address.data());
        bases_[rank][i] = known ? known->data() : nullptr;
      }
    }
    others_known_ = true;
  }

  std::shared_ptr<SharedMemory> opened(std::size_t rank, const char* address) const {
    auto memory = SharedMemory::open(address);
    if (!memory) {
      throw Error(make_diagnostic("R002",
                                  fmt::format("rank {} cannot see the memory of rank {} any "
                                              "more",
                                              me_, rank),
                                  {}, "start the job anew; train goes on with --resume"));
    }
    return memory;
  }

  void add(const Piece& piece) {
    const std::span<float> all(numbers(me_, piece, 0), piece.count);
    const std::span<float> mine = part_of(all, communicator_.rank());
    const auto first = static_cast<std::size_t>(mine.data() - all.data());
    const std::size_t last = first + mine.size();
    bool bad = false;
    for (std::size_t at = first; at < last; at += kFloatsAtOnce)
      bad = add_some(piece, at, std::min(kFloatsAtOnce, last - at)) || bad;
    if (bad) board(me_).not_finite[round_ % 2].store(round_, std::memory_order_release);
  }

  float* numbers(std::size_t rank, const Piece& piece, std::size_t at) const {
    return reinterpret_cast<float*>(bases_[rank][piece.area] + piece.offset) + at;
  }

  /// Of numbers that stay in the nearest cache meanwhile. True if a sum is not finite.
  bool add_some(const Piece& piece, std::size_t at, std::size_t count) const {
    alignas(kCacheLine) std::array<float, kFloatsAtOnce> sum;
    bool first = true;
    for (std::size_t rank = 0; rank < boards_.size(); ++rank) {
      const float weight = weights_[rank];
      if (weight == 0.0F) continue;
      const float* from = numbers(rank, piece, at);
      if (first) {
        for (std::size_t i = 0; i < count; ++i) sum[i] = weight * from[i];
      } else {
        for (std::size_t i = 0; i < count; ++i) sum[i] += weight * from[i];
      }
      first = false;
    }
    if (first) sum.fill(0.0F);
    for (std::size_t rank = 0; rank < boards_.size(); ++rank) {
      if (rank == me_ || !divided_ || piece.area != kGradients)
        std::memcpy(numbers(rank, piece, at), sum.data(), count * sizeof(float));
    }
    return any_not_finite(std::span(sum).first(count));
  }

  Communicator& communicator_;
  std::size_t me_;
  std::vector<std::shared_ptr<SharedMemory>> boards_;  ///< By rank.
  std::map<const std::byte*, Made> made_;              ///< By where it begins.
  std::uint64_t last_number_ = 0;
  std::vector<std::map<std::uint64_t, std::shared_ptr<SharedMemory>>> seen_;  ///< By rank, number.
  std::vector<std::array<std::byte*, kAreas>> bases_;  ///< By rank, in this round.
  std::array<std::size_t, kAreas> sizes_{};            ///< Bytes, in this round.
  bool others_known_ = false;
  std::vector<float> weights_;
  std::vector<Piece> pieces_;  ///< Of this round.
  std::size_t done_ = 0;
  bool divided_ = false;
  std::uint64_t met_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t before_ = 0;  ///< Pieces of earlier rounds.
};

}  // namespace

std::unique_ptr<Sum> machine_sum(Communicator& communicator) {
  if (communicator.size() == 1 || !communicator.options().shared_memory) return nullptr;
  const auto own = SharedMemory::make(sizeof(Board), sizeof(Board));
  std::string told;
  if (own && own->address().size() < kLongestAddress) {
    const std::uint64_t token = std::random_device()();
    (new (own->data()) Board)->token = token;
    told = fmt::format("{} {}", token, own->address());
  }
  std::vector<std::shared_ptr<SharedMemory>> boards;
  for (const std::string& text : communicator.all_gather(told)) {
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) break;
    auto memory = SharedMemory::open(text.substr(space + 1));
    if (!memory || std::to_string(reinterpret_cast<const Board*>(memory->data())->token) !=
                       text.substr(0, space))
      break;
    boards.push_back(std::move(memory));
  }
  const bool all = boards.size() == static_cast<std::size_t>(communicator.size());
  for (const std::string& each : communicator.all_gather(all ? "1" : "0")) {
    if (each != "1") return nullptr;
  }
  return std::make_unique<MachineSum>(communicator, std::move(boards));
}

}  // namespace tenon::dist
