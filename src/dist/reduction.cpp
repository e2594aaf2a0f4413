#include "dist/reduction.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dist/tags.hpp"
#include "tenon/dtype.hpp"

namespace tenon::dist {
namespace {

void narrow(std::span<const float> from, std::vector<std::uint16_t>& to) {
  to.resize(from.size());
  std::ranges::transform(from, to.begin(), [](float value) { return BFloat16(value).bits; });
}

float widened(std::uint16_t bits) {
  BFloat16 value;
  value.bits = bits;
  return static_cast<float>(value);
}

constexpr std::size_t kNumbersAtOnce = 2048;

}  // namespace

Reduction::Reduction(Transport& transport, std::span<float> values, int bucket, Wire wire,
                     std::span<const float> weights, std::shared_ptr<ReductionSpace> space)
    : transport_(transport),
      wire_(wire),
      tag_(kFirstBucketTag + 2 * bucket),
      weights_(weights.begin(), weights.end()),
      space_(space ? std::move(space) : std::make_shared<ReductionSpace>()) {
  const auto ranks = static_cast<std::size_t>(transport.size());
  parts_.resize(ranks);
  space_->parts.resize(ranks);
  weights_.resize(ranks, 1.0F);
  for (std::size_t i = 0; i < ranks; ++i) {
    const std::size_t begin = values.size() * i / ranks;
    const std::size_t end = values.size() * (i + 1) / ranks;
    parts_[i].values = values.subspan(begin, end - begin);
  }
  if (ranks == 1) {
    round_ = Round::kDone;
  } else {
    begin_parts();
  }
}

Ticket Reduction::send_to(int rank, std::span<const float> values, int tag) {
  if (wire_ == Wire::kFloat32) return transport_.send(rank, tag, std::as_bytes(values));
  std::vector<std::uint16_t>& sent = space_->parts[static_cast<std::size_t>(rank)].narrow;
  narrow(values, sent);
  return transport_.send(rank, tag, std::as_bytes(std::span(sent)));
}

Ticket Reduction::receive_from(int rank, std::span<float> values, int tag) {
  if (wire_ == Wire::kFloat32) {
    return transport_.receive(rank, tag, std::as_writable_bytes(values));
  }
  std::vector<std::uint16_t>& came = space_->parts[static_cast<std::size_t>(rank)].narrow_in;
  came.resize(values.size());
  return transport_.receive(rank, tag, std::as_writable_bytes(std::span(came)));
}

void Reduction::widen(std::size_t rank, std::span<float> values) const {
  if (wire_ == Wire::kBFloat16)
    std::ranges::transform(space_->parts[rank].narrow_in, values.begin(), widened);
}

void Reduction::begin_parts() {
  const int me = transport_.rank();
  const std::size_t mine = parts_[static_cast<std::size_t>(me)].values.size();
  for (int rank = 0; rank < transport_.size(); ++rank) {
    if (rank == me) continue;
    Part& part = parts_[static_cast<std::size_t>(rank)];
    std::vector<float>& wide = space_->parts[static_cast<std::size_t>(rank)].wide;
    wide.resize(mine);
    part.receiving = receive_from(rank, wide, tag_);
    part.sending = send_to(rank, part.values, tag_);
  }
}

/// Of numbers that stay in the nearest cache meanwhile.
void Reduction::add_some(std::size_t at, std::span<float> mine) {
  std::array<float, kNumbersAtOnce> sum{};
  bool first = true;
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    const bool own = rank == static_cast<std::size_t>(transport_.rank());
    const float* from = own ? mine.data() : space_->parts[rank].wide.data() + at;
    const float weight = weights_[rank];
    if (weight == 0.0F) continue;  // What it has may be no numbers.
    for (std::size_t i = 0; i < mine.size(); ++i)
      sum[i] = first ? weight * from[i] : sum[i] + weight * from[i];
    first = false;
  }
  std::copy_n(sum.begin(), mine.size(), mine.begin());
}

void Reduction::add_parts() {
  const auto me = static_cast<std::size_t>(transport_.rank());
  const std::span<float> mine = parts_[me].values;
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    if (rank != me) widen(rank, space_->parts[rank].wide);
  }
  for (std::size_t at = 0; at < mine.size(); at += kNumbersAtOnce)
    add_some(at, mine.subspan(at, std::min(kNumbersAtOnce, mine.size() - at)));
  if (wire_ == Wire::kFloat32) return;
  narrow(mine, space_->narrow_sum);
  std::ranges::transform(space_->narrow_sum, mine.begin(), widened);  // As the others get it.
}

void Reduction::begin_sums() {
  const int me = transport_.rank();
  const std::span<float> mine = parts_[static_cast<std::size_t>(me)].values;
  for (int rank = 0; rank < transport_.size(); ++rank) {
    if (rank == me) continue;
    Part& part = parts_[static_cast<std::size_t>(rank)];
    part.receiving = receive_from(rank, part.values, tag_ + 1);
    part.sending =
        transport_.send(rank, tag_ + 1,
                        wire_ == Wire::kFloat32 ? std::as_bytes(mine)
                                                : std::as_bytes(std::span(space_->narrow_sum)));
  }
}

bool Reduction::all_arrived() {
  bool all = true;
  for (Part& part : parts_) {
    for (std::optional<Ticket>* ticket : {&part.receiving, &part.sending}) {
      if (*ticket && transport_.done(**ticket)) ticket->reset();
      all = all && !*ticket;
    }
  }
  return all;
}

bool Reduction::progress() {
  if (round_ == Round::kParts && all_arrived()) {
    add_parts();
    begin_sums();
    round_ = Round::kSums;
  }
  if (round_ == Round::kSums && all_arrived()) {
    for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
      if (rank != static_cast<std::size_t>(transport_.rank())) widen(rank, parts_[rank].values);
    }
    round_ = Round::kDone;
  }
  return done();
}

int Reduction::waits_for() const noexcept {
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    if (parts_[rank].receiving) return static_cast<int>(rank);
  }
  for (std::size_t rank = 0; rank < parts_.size(); ++rank) {
    if (parts_[rank].sending) return static_cast<int>(rank);
  }
  return transport_.rank();
}

}  // namespace tenon::dist
