#include "data/resize_bytes.hpp"

#include <algorithm>
#include <cstring>

#include "data/exact_clones.hpp"

namespace tenon::data {
namespace {

constexpr std::size_t kLanes = 8;
using Floats = float __attribute__((vector_size(4 * kLanes)));
using FourFloats = float __attribute__((vector_size(16)));

TENON_EXACT_CLONES void widen_row(const std::uint8_t* from, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

/// sum[i] = the `count` rows, `row` floats each, times their weights.
TENON_EXACT_CLONES void sum_rows(const float* const* rows, const float* weights, std::size_t count,
                                 std::size_t row, float* sum) {
  constexpr std::size_t kStep = 2 * kLanes;
  std::size_t i = 0;
  for (; i + kStep <= row; i += kStep) {
    Floats low{};
    Floats high{};
    for (std::size_t k = 0; k < count; ++k) {
      Floats one;
      Floats two;
      std::memcpy(&one, rows[k] + i, sizeof one);
      std::memcpy(&two, rows[k] + i + kLanes, sizeof two);
      low += weights[k] * one;
      high += weights[k] * two;
    }
    std::memcpy(sum + i, &low, sizeof low);
    std::memcpy(sum + i + kLanes, &high, sizeof high);
  }
  for (; i < row; ++i) {
    float one = 0.0F;
    for (std::size_t k = 0; k < count; ++k) one += weights[k] * rows[k][i];
    sum[i] = one;
  }
}

/// The rows of an image as floats, each made once while the ones that are asked for come in order.
class WideRows {
 public:
  WideRows(const std::uint8_t* in, std::size_t row, const std::vector<Taps<float>>& taps)
      : in_(in), row_(row) {
    std::size_t most = 1;
    for (const Taps<float>& each : taps) most = std::max(most, each.weights.size());
    held_.assign(most, -1);
    floats_.resize(most * row);
    wanted_.resize(most);
  }
  const float* const* operator()(std::int64_t first, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k) {
      const std::int64_t at = first + static_cast<std::int64_t>(k);
      const std::size_t place = static_cast<std::size_t>(at) % held_.size();
      float* const floats = floats_.data() + place * row_;
      if (held_[place] != at) widen_row(in_ + static_cast<std::size_t>(at) * row_, row_, floats);
      held_[place] = at;
      wanted_[k] = floats;
    }
    return wanted_.data();
  }

 private:
  const std::uint8_t* in_;
  std::size_t row_;
  std::vector<std::int64_t> held_;
  std::vector<float> floats_;
  std::vector<const float*> wanted_;
};

/// Taps of one count for all columns, so that no branch is mispredicted: where a column has fewer,
/// the last ones are 0 times what is there, which changes no bit. In pairs of columns, each weight
/// once for each of the four floats of a pixel.
class PairedTaps {
 public:
  PairedTaps(const std::vector<Taps<float>>& columns, std::size_t channels)
      : columns_(columns.size()) {
    for (const Taps<float>& taps : columns) count_ = std::max(count_, taps.weights.size());
    const std::size_t pairs = (columns_ + 1) / 2;
    starts_.resize(2 * pairs);
    weights_.assign(pairs * count_, Floats{});
    for (std::size_t x = 0; x < columns_; ++x) {
      starts_[x] = static_cast<std::size_t>(columns[x].start) * channels;
      for (std::size_t k = 0; k < columns[x].weights.size(); ++k) {
        Floats& pair = weights_[x / 2 * count_ + k];
        for (std::size_t lane = 0; lane < 4; ++lane) pair[x % 2 * 4 + lane] = columns[x].weights[k];
      }
    }
  }
  std::size_t columns() const noexcept { return columns_; }
  std::size_t count() const noexcept { return count_; }
  const std::size_t* starts() const noexcept { return starts_.data(); }
  const Floats* weights() const noexcept { return weights_.data(); }

 private:
  std::size_t columns_;
  std::size_t count_ = 0;
  std::vector<std::size_t> starts_;  ///< The first float of each column in a row of sums.
  std::vector<Floats> weights_;
};

/// Pixels of `sum`: four floats for each, whatever its channels, where the next one's begin behind
/// its channels.
TENON_EXACT_CLONES void mix_columns(const float* sum, std::size_t channels, std::size_t pairs,
                                    std::size_t count, const std::size_t* starts,
                                    const Floats* weights, float* out) {
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const float* const left = sum + starts[2 * pair];
    const float* const right = sum + starts[2 * pair + 1];
    Floats mixed{};
    for (std::size_t k = 0; k < count; ++k) {
      FourFloats one;
      FourFloats two;
      std::memcpy(&one, left + k * channels, sizeof one);
      std::memcpy(&two, right + k * channels, sizeof two);
      mixed += *weights++ * __builtin_shufflevector(one, two, 0, 1, 2, 3, 4, 5, 6, 7);
    }
    const FourFloats one = __builtin_shufflevector(mixed, mixed, 0, 1, 2, 3);
    const FourFloats two = __builtin_shufflevector(mixed, mixed, 4, 5, 6, 7);
    std::memcpy(out, &one, sizeof one);
    std::memcpy(out + channels, &two, sizeof two);
    out += 2 * channels;
  }
}

/// To the nearest bytes.
TENON_EXACT_CLONES void narrow_row(const float* from, std::size_t count, std::uint8_t* to) {
  constexpr float kLowest = 0.0F;
  constexpr float kHighest = 255.5F;
  for (std::size_t i = 0; i < count; ++i) {
    float value = from[i] + 0.5F;
    value = value > kLowest ? value : kLowest;
    value = value < kHighest ? value : kHighest;
    to[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(value));
  }
}

}  // namespace

void resize_bytes(const std::uint8_t* in, std::uint8_t* out, std::size_t width,
                  std::size_t channels, const std::vector<Taps<float>>& rows,
                  const std::vector<Taps<float>>& columns) {
  const std::size_t row = width * channels;
  const PairedTaps pairs(columns, channels);
  // Behind the last pixel stand zeros for taps that are not there.
  std::vector<float> sum(row + pairs.count() * channels + kMostByteChannels, 0.0F);
  std::vector<float> mixed((columns.size() + 1) * channels + kMostByteChannels);
  WideRows wide(in, row, rows);
  for (const Taps<float>& taps : rows) {
    const std::size_t count = taps.weights.size();
    sum_rows(wide(taps.start, count), taps.weights.data(), count, row, sum.data());
    mix_columns(sum.data(), channels, (columns.size() + 1) / 2, pairs.count(), pairs.starts(),
                pairs.weights(), mixed.data());
    narrow_row(mixed.data(), columns.size() * channels, out);
    out += columns.size() * channels;
  }
}

}  // namespace tenon::data
