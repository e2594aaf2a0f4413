#include "data/resize_bytes.hpp"

#include <algorithm>
#include <cstring>

#include "data/exact_clones.hpp"

namespace tenon::data {
namespace {

constexpr std::size_t kLanes = 8;
using Floats = float __attribute__((vector_size(4 * kLanes)));
using FourInts = std::int32_t __attribute__((vector_size(16)));
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

/// The row of pixels that `columns` make of `sum`, to the nearest bytes. Four floats are read of
/// each pixel, whatever its channels.
TENON_EXACT_CLONES void mix_columns(const float* sum, std::size_t channels,
                                    const Taps<float>* columns, std::size_t count,
                                    std::uint8_t* out) {
  constexpr FourFloats kLowest{0.0F, 0.0F, 0.0F, 0.0F};
  constexpr FourFloats kHighest{255.5F, 255.5F, 255.5F, 255.5F};
  for (std::size_t x = 0; x < count; ++x) {
    const Taps<float>& taps = columns[x];
    const float* at = sum + static_cast<std::size_t>(taps.start) * channels;
    FourFloats mixed{};
    for (const float weight : taps.weights) {
      FourFloats pixel;
      std::memcpy(&pixel, at, sizeof pixel);
      mixed += weight * pixel;
      at += channels;
    }
    mixed += 0.5F;
    mixed = mixed > kLowest ? mixed : kLowest;
    mixed = mixed < kHighest ? mixed : kHighest;
    const FourInts bytes = __builtin_convertvector(mixed, FourInts);
    for (std::size_t c = 0; c < channels; ++c) *out++ = static_cast<std::uint8_t>(bytes[c]);
  }
}

}  // namespace

void resize_bytes(const std::uint8_t* in, std::uint8_t* out, std::size_t width,
                  std::size_t channels, const std::vector<Taps<float>>& rows,
                  const std::vector<Taps<float>>& columns) {
  const std::size_t row = width * channels;
  // The last pixels are read four floats at a time.
  std::vector<float> sum(row + kMostByteChannels, 0.0F);
  WideRows wide(in, row, rows);
  for (const Taps<float>& taps : rows) {
    const std::size_t count = taps.weights.size();
    sum_rows(wide(taps.start, count), taps.weights.data(), count, row, sum.data());
    mix_columns(sum.data(), channels, columns.data(), columns.size(), out);
    out += columns.size() * channels;
  }
}

}  // namespace tenon::data
