#include "data/resize_bytes.hpp"

#include <cstring>

// AVX2 without FMA: a product that is not rounded before it is added would give other bits.
#if defined(__clang__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define TENON_BYTE_CLONES
#else
#define TENON_BYTE_CLONES __attribute__((target_clones("avx2", "default")))
#endif

namespace tenon::data {
namespace {

constexpr std::size_t kLanes = 8;
using Bytes = std::uint8_t __attribute__((vector_size(kLanes)));
using Ints = std::int32_t __attribute__((vector_size(4 * kLanes)));
using Floats = float __attribute__((vector_size(4 * kLanes)));
using FourInts = std::int32_t __attribute__((vector_size(16)));
using FourFloats = float __attribute__((vector_size(16)));

/// sum[i] = the `count` rows of `row` bytes from `first` on, each times its weight.
TENON_BYTE_CLONES void sum_rows(const std::uint8_t* first, std::size_t row, const float* weights,
                                std::size_t count, float* sum) {
  constexpr std::size_t kStep = 2 * kLanes;
  std::size_t i = 0;
  for (; i + kStep <= row; i += kStep) {
    Floats low{};
    Floats high{};
    for (std::size_t k = 0; k < count; ++k) {
      Bytes one;
      Bytes two;
      std::memcpy(&one, first + k * row + i, sizeof one);
      std::memcpy(&two, first + k * row + i + kLanes, sizeof two);
      low += weights[k] * __builtin_convertvector(__builtin_convertvector(one, Ints), Floats);
      high += weights[k] * __builtin_convertvector(__builtin_convertvector(two, Ints), Floats);
    }
    std::memcpy(sum + i, &low, sizeof low);
    std::memcpy(sum + i + kLanes, &high, sizeof high);
  }
  for (; i < row; ++i) {
    float one = 0.0F;
    for (std::size_t k = 0; k < count; ++k)
      one += weights[k] * static_cast<float>(first[k * row + i]);
    sum[i] = one;
  }
}

/// The row of pixels that `columns` make of `sum`, to the nearest bytes. Four floats are read of
/// each pixel, whatever its channels.
TENON_BYTE_CLONES void mix_columns(const float* sum, std::size_t channels,
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
  for (const Taps<float>& taps : rows) {
    sum_rows(in + static_cast<std::size_t>(taps.start) * row, row, taps.weights.data(),
             taps.weights.size(), sum.data());
    mix_columns(sum.data(), channels, columns.data(), columns.size(), out);
    out += columns.size() * channels;
  }
}

}  // namespace tenon::data
