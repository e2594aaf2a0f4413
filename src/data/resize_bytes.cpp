#include "data/resize_bytes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tenon::data {
namespace {

/// By way of an array: g++ converts a vector of bytes one at a time, but this in one instruction.
template <std::size_t kLanes>
TENON_INLINE Floats<kLanes> widened(const std::uint8_t* bytes) {
  std::int32_t numbers[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) numbers[i] = bytes[i];
  Integers<kLanes> integers;
  std::memcpy(&integers, numbers, sizeof integers);
  return __builtin_convertvector(integers, Floats<kLanes>);
}

/// Rows of bytes and what each counts in their sum.
struct WeightedRows {
  const std::uint8_t* first;
  std::size_t stride;
  const float* weights;
  std::size_t count;
};

/// sum[i] = the rows' i-th bytes times their weights, from `begin` on as far as whole pieces of
/// kVectors vectors go before `end`; where it stopped.
template <std::size_t kLanes, std::size_t kVectors>
TENON_INLINE std::size_t sum_pieces(const WeightedRows& rows, std::size_t begin, std::size_t end,
                                    float* sum) {
  constexpr std::size_t kPiece = kLanes * kVectors;
  std::size_t i = begin;
  for (; i + kPiece <= end; i += kPiece) {
    Floats<kLanes> sums[kVectors];
    for (Floats<kLanes>& each : sums) each = Floats<kLanes>{};
    const std::uint8_t* row = rows.first + i;
    for (std::size_t k = 0; k < rows.count; ++k, row += rows.stride) {
      for (std::size_t v = 0; v < kVectors; ++v)
        sums[v] += rows.weights[k] * widened<kLanes>(row + v * kLanes);
    }
    for (std::size_t v = 0; v < kVectors; ++v)
      std::memcpy(sum + i + v * kLanes, &sums[v], sizeof sums[v]);
  }
  return i;
}

template <std::size_t kLanes>
TENON_INLINE void sum_rows(const WeightedRows& rows, std::size_t size, float* sum) {
  std::size_t i = sum_pieces<kLanes, 3>(rows, 0, size, sum);
  i = sum_pieces<kLanes, 1>(rows, i, size, sum);
  for (; i < size; ++i) {
    float one = 0.0F;
    for (std::size_t k = 0; k < rows.count; ++k)
      one += rows.weights[k] * static_cast<float>(rows.first[k * rows.stride + i]);
    sum[i] = one;
  }
}

/// So many pairs of columns are mixed at a time.
constexpr std::size_t kPairs = 4;

/// Taps of one count for all columns, so that no branch is mispredicted: where a column has fewer,
/// the last ones are 0 times what is there, which changes no bit. In pairs of columns, each weight
/// once for each of the four floats of a pixel; columns are added that fill up the last kPairs.
class PairedTaps {
 public:
  PairedTaps(const std::vector<Taps<float>>& columns, std::size_t channels) {
    for (const Taps<float>& taps : columns) count_ = std::max(count_, taps.weights.size());
    pairs_ = (columns.size() + 2 * kPairs - 1) / (2 * kPairs) * kPairs;
    starts_.resize(2 * pairs_);
    weights_.assign(pairs_ * count_, Floats<8>{});
    for (std::size_t x = 0; x < columns.size(); ++x) {
      starts_[x] = static_cast<std::size_t>(columns[x].start) * channels;
      for (std::size_t k = 0; k < columns[x].weights.size(); ++k) {
        Floats<8>& pair = weights_[x / 2 * count_ + k];
        for (std::size_t lane = 0; lane < 4; ++lane) pair[x % 2 * 4 + lane] = columns[x].weights[k];
      }
    }
  }
  std::size_t pairs() const noexcept { return pairs_; }
  std::size_t count() const noexcept { return count_; }
  /// The first float of each column in a row of sums.
  const std::size_t* starts() const noexcept { return starts_.data(); }
  const Floats<8>* weights() const noexcept { return weights_.data(); }

 private:
  std::size_t pairs_ = 0;
  std::size_t count_ = 0;
  std::vector<std::size_t> starts_;
  std::vector<Floats<8>> weights_;
};

TENON_INLINE Floats<8> two_pixels(const float* left, const float* right) {
  Floats<4> one;
  Floats<4> two;
  std::memcpy(&one, left, sizeof one);
  std::memcpy(&two, right, sizeof two);
  return __builtin_shufflevector(one, two, 0, 1, 2, 3, 4, 5, 6, 7);
}

/// Pixels of `sum`: four floats for each, whatever its channels, where the next one's begin behind
/// its channels. kCount: how many taps there are; 0: as many as `taps` says.
template <std::size_t kChannels, std::size_t kCount>
TENON_INLINE void mix_columns(const float* sum, const PairedTaps& taps, float* out) {
  const std::size_t pairs = taps.pairs();
  const std::size_t count = kCount == 0 ? taps.count() : kCount;
  const std::size_t* starts = taps.starts();
  const Floats<8>* weights = taps.weights();
  for (std::size_t first = 0; first < pairs; first += kPairs) {
    const float* columns[2 * kPairs];
    for (const float*& column : columns) column = sum + *starts++;
    Floats<8> mixed[kPairs];
    for (Floats<8>& each : mixed) each = Floats<8>{};
    for (std::size_t k = 0; k < count; ++k, ++weights) {
      for (std::size_t i = 0; i < kPairs; ++i)
        mixed[i] += weights[i * count] *
                    two_pixels(columns[2 * i] + k * kChannels, columns[2 * i + 1] + k * kChannels);
    }
    weights += (kPairs - 1) * count;
    for (const Floats<8>& each : mixed) {
      const Floats<4> one = __builtin_shufflevector(each, each, 0, 1, 2, 3);
      const Floats<4> two = __builtin_shufflevector(each, each, 4, 5, 6, 7);
      std::memcpy(out, &one, sizeof one);
      std::memcpy(out + kChannels, &two, sizeof two);
      out += 2 * kChannels;
    }
  }
}

/// To the nearest bytes; no sum is below 0.
TENON_INLINE void narrow_row(const float* from, std::size_t count, std::uint8_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const float above = from[i] + 0.5F;
    to[i] = static_cast<std::uint8_t>(std::min(static_cast<std::int32_t>(above), 255));
  }
}

struct Job {
  const std::uint8_t* in;
  std::uint8_t* out;
  std::size_t row;      ///< Bytes of a row of `in`.
  std::size_t out_row;  ///< Bytes of a row of `out`.
  std::size_t channels;
  const std::vector<Taps<float>>& rows;
  const PairedTaps& columns;
  float* sum;  ///< A row of sums, and zeros for taps that are not there.
  float* mixed;
};

template <std::size_t kLanes, std::size_t kChannels, std::size_t kCount>
TENON_INLINE void resize_rows(const Job& job) {
  std::uint8_t* out = job.out;
  for (const Taps<float>& taps : job.rows) {
    const std::uint8_t* const first = job.in + static_cast<std::size_t>(taps.start) * job.row;
    sum_rows<kLanes>({first, job.row, taps.weights.data(), taps.weights.size()}, job.row, job.sum);
    mix_columns<kChannels, kCount>(job.sum, job.columns, job.mixed);
    narrow_row(job.mixed, job.out_row, out);
    out += job.out_row;
  }
}

/// Colours, with the counts of taps of images made up to 3.5 times smaller.
template <std::size_t kLanes>
TENON_INLINE void resize_colours(const Job& job) {
  switch (job.columns.count()) {
    case 3:
      return resize_rows<kLanes, 3, 3>(job);
    case 4:
      return resize_rows<kLanes, 3, 4>(job);
    case 5:
      return resize_rows<kLanes, 3, 5>(job);
    case 6:
      return resize_rows<kLanes, 3, 6>(job);
    case 7:
      return resize_rows<kLanes, 3, 7>(job);
    default:
      return resize_rows<kLanes, 3, 0>(job);
  }
}

template <std::size_t kLanes>
TENON_INLINE void resize_channels(const Job& job) {
  switch (job.channels) {
    case 1:
      return resize_rows<kLanes, 1, 0>(job);
    case 2:
      return resize_rows<kLanes, 2, 0>(job);
    case 3:
      return resize_colours<kLanes>(job);
    default:
      return resize_rows<kLanes, 4, 0>(job);
  }
}

TENON_AVX512 void resize_avx512(const Job& job) { resize_channels<16>(job); }
TENON_AVX2 void resize_avx2(const Job& job) { resize_channels<8>(job); }
void resize_baseline(const Job& job) { resize_channels<4>(job); }

void resize(const Job& job, VectorSet vectors) {
  switch (vectors) {
    case VectorSet::kAvx512:
      return resize_avx512(job);
    case VectorSet::kAvx2:
      return resize_avx2(job);
    case VectorSet::kBaseline:
      return resize_baseline(job);
  }
}

}  // namespace

void resize_bytes(const std::uint8_t* in, std::uint8_t* out, std::size_t width,
                  std::size_t channels, const std::vector<Taps<float>>& rows,
                  const std::vector<Taps<float>>& columns, VectorSet vectors) {
  const std::size_t row = width * channels;
  const PairedTaps pairs(columns, channels);
  std::vector<float> sum(row + pairs.count() * channels + kMostByteChannels, 0.0F);
  std::vector<float> mixed(2 * pairs.pairs() * channels + kMostByteChannels);
  resize({in, out, row, columns.size() * channels, channels, rows, pairs, sum.data(), mixed.data()},
         std::min(vectors, widest_vectors()));
}

}  // namespace tenon::data
