#include "backend/onednn/kernels/elementwise.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/bfloat16.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

#define TENON_BINARY(name, expression)                                                            \
  TENON_CLONES void name##_both(const float* a, const float* b, float* y, std::int64_t count) {   \
    _Pragma("omp simd") for (std::int64_t i = 0; i < count; ++i) {                                \
      const float p = a[i], q = b[i];                                                             \
      y[i] = expression;                                                                          \
    }                                                                                             \
  }                                                                                               \
  TENON_CLONES void name##_first(const float* a, const float* b, float* y, std::int64_t count) {  \
    const float q = *b;                                                                           \
    _Pragma("omp simd") for (std::int64_t i = 0; i < count; ++i) {                                \
      const float p = a[i];                                                                       \
      y[i] = expression;                                                                          \
    }                                                                                             \
  }                                                                                               \
  TENON_CLONES void name##_second(const float* a, const float* b, float* y, std::int64_t count) { \
    const float p = *a;                                                                           \
    _Pragma("omp simd") for (std::int64_t i = 0; i < count; ++i) {                                \
      const float q = b[i];                                                                       \
      y[i] = expression;                                                                          \
    }                                                                                             \
  }

TENON_BINARY(add, p + q)
TENON_BINARY(subtract, p - q)
TENON_BINARY(multiply, p* q)
TENON_BINARY(maximum, p > q || p != p ? p : q)
TENON_BINARY(minimum, p < q || p != p ? p : q)

using Function = void (*)(const float*, const float*, float*, std::int64_t);
struct Functions {
  Function both;    // a and b go on
  Function first;   // b stays
  Function second;  // a stays
};
constexpr std::array<Functions, 5> kFunctions{{{add_both, add_first, add_second},
                                               {subtract_both, subtract_first, subtract_second},
                                               {multiply_both, multiply_first, multiply_second},
                                               {maximum_both, maximum_first, maximum_second},
                                               {minimum_both, minimum_first, minimum_second}}};

TENON_CLONES void add_to(const float* x, float* y, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] += x[i];
}
TENON_CLONES void scale_range(const float* x, float scale, float offset, float* y,
                              std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] = x[i] * scale + offset;
}
TENON_CLONES void scale_row(const float* x, const float* scale, const float* offset, float* y,
                            std::int64_t channels) {
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) y[c] = x[c] * scale[c] + offset[c];
}
TENON_CLONES void clip_range(const float* x, float limit, float* y, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float low = x[i] < -limit ? -limit : x[i];
    y[i] = low > limit ? limit : low;
  }
}
TENON_CLONES double squares_range(const float* x, std::int64_t count) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  return sum;
}
TENON_CLONES double magnitudes_range(const float* x, std::int64_t count) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(x[i] < 0.0F ? -x[i] : x[i]);
  return sum;
}
TENON_CLONES bool range_is_finite(const float* x, std::int64_t count) {
  // Without their sign, infinity and NaN are the largest of all as integers, too.
  constexpr std::uint32_t kInfinity = 0xff000000U;
  std::uint32_t largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[i]) << 1U;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest < kInfinity;
}
double not_finite_range(const float* x, std::int64_t count) {
  return range_is_finite(x, count) ? 0.0 : 1.0;
}
TENON_CLONES void penalty_range(const float* w, float factor, float l1, float l2, float* dw,
                                std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float sign = w[i] > 0.0F ? 1.0F : (w[i] < 0.0F ? -1.0F : 0.0F);
    dw[i] = factor * (l1 * sign + 2.0F * l2 * w[i]);
  }
}

// Sums over at most this many parts, cut by the count alone.
constexpr int kMostParts = 64;

template <class Range>
double reduce(int threads, const float* x, std::int64_t count, Range range) {
  std::array<double, kMostParts> sums{};
  const int parts = useful_threads(kMostParts, count, kElementGrain);
  parallel_range(std::min(threads, parts), parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      const auto own = part_of(count, parts, static_cast<int>(part), 16);
      sums[static_cast<std::size_t>(part)] = range(x + own.begin, own.end - own.begin);
    }
  });
  double sum = 0.0;
  for (int part = 0; part < parts; ++part) sum += sums[static_cast<std::size_t>(part)];
  return sum;
}

}  // namespace

namespace {

void binary_floats(const Functions& functions, const float* a, std::int64_t a_step, const float* b,
                   std::int64_t b_step, float* y, std::int64_t count) {
  if (a_step != 0 && b_step != 0) return functions.both(a, b, y, count);
  if (a_step != 0) return functions.first(a, b, y, count);
  if (b_step != 0) return functions.second(a, b, y, count);
  functions.both(a, b, y, 1);
  std::fill_n(y, count, *y);
}

TENON_CLONES void rectify_range(float slope, float* y, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float below = slope == 0.0F ? 0.0F : slope * y[i];
    y[i] = y[i] < 0.0F ? below : y[i];
  }
}
TENON_CLONES void mask_range(const float* mask, float slope, float* y, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] *= mask[i] > 0.0F ? 1.0F : slope;
}

// A block stays in the first cache.
void rectify_block(const SumRectifier& rectifier, std::int64_t first, float* y, float* buffer,
                   std::int64_t count) {
  if (!rectifier.mask) return rectify_range(rectifier.slope, y, count);
  const Numbers mask = rectifier.mask.from(first);
  if (mask.narrow != nullptr) widen(mask.narrow, buffer, count);
  mask_range(mask.narrow != nullptr ? buffer : mask.wide, rectifier.slope, y, count);
}

// One block of a sum of any number of inputs.
void add_block(std::span<const Numbers> inputs, MutableNumbers y, const SumRectifier& rectifier,
               std::int64_t first, std::int64_t count) {
  alignas(64) std::array<float, kNumberBlock> buffers[3];
  const auto floats = [&](std::size_t k) -> const float* {
    const Numbers& from = inputs[k];
    if (from.narrow == nullptr) return from.wide + first;
    float* own = buffers[k == 0 ? 0 : 1].data();
    widen(from.narrow + first, own, count);
    return own;
  };
  float* to = y.narrow != nullptr ? buffers[2].data() : y.wide + first;
  if (inputs.size() == 1) {
    std::memmove(to, floats(0), static_cast<std::size_t>(count) * sizeof(float));
  } else {
    add_both(floats(0), floats(1), to, count);
  }
  for (std::size_t k = 2; k < inputs.size(); ++k) add_to(floats(k), to, count);
  if (rectifier.enabled) rectify_block(rectifier, first, to, buffers[0].data(), count);
  if (y.narrow != nullptr) narrow(to, y.narrow + first, count);
}

float first_of(Numbers numbers) {
  return numbers.narrow != nullptr ? widened(*numbers.narrow) : *numbers.wide;
}

}  // namespace

void binary_range(Binary operation, Numbers a, std::int64_t a_step, Numbers b, std::int64_t b_step,
                  MutableNumbers y, std::int64_t count) {
  const Functions& functions = kFunctions[static_cast<std::size_t>(operation)];
  // What stays is widened once, and is no part of the blocks.
  const float a_first = first_of(a);
  const float b_first = first_of(b);
  for_floats<2>({a_step != 0 ? a : Numbers(), b_step != 0 ? b : Numbers()}, y, count,
                [&](const auto& from, float* to, std::int64_t, std::int64_t size) {
                  binary_floats(functions, a_step != 0 ? from[0] : &a_first, a_step,
                                b_step != 0 ? from[1] : &b_first, b_step, to, size);
                });
}

void extremum_backward_range(Binary operation, const float* a, std::int64_t a_step, const float* b,
                             std::int64_t b_step, const float* dy, float* da, float* db,
                             std::int64_t count) {
  const float sign = operation == Binary::kMaximum ? 1.0F : -1.0F;
  for (std::int64_t i = 0; i < count; ++i) {
    const float difference = sign * (a[i * a_step] - b[i * b_step]);
    const float share = difference > 0.0F ? 1.0F : (difference < 0.0F ? 0.0F : 0.5F);
    const float gradient = dy[i];
    if (da != nullptr) da[i] = gradient * share;
    if (db != nullptr) db[i] = gradient * (1.0F - share);
  }
}

void add_n(int threads, std::span<const Numbers> inputs, MutableNumbers y, std::int64_t count,
           const SumRectifier& rectifier) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; i += kNumberBlock) {
          add_block(inputs, y, rectifier, i, std::min(kNumberBlock, end - i));
        }
      },
      kNumberBlock);
}

void scale_offset(int threads, Numbers x, float scale, float offset, MutableNumbers y,
                  std::int64_t count) {
  for_floats_parallel<1>(threads, {x}, y, count,
                         [&](const auto& from, float* to, std::int64_t, std::int64_t size) {
                           scale_range(from[0], scale, offset, to, size);
                         });
}

void scale_offset_channels(int threads, Numbers x, const float* scale, const float* offset,
                           MutableNumbers y, std::int64_t rows, std::int64_t channels) {
  parallel_range(threads, rows, std::max<std::int64_t>(1, kElementGrain / channels),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t r = begin; r < end; ++r) {
                     for_floats<1>(
                         {x.from(r * channels)}, y.from(r * channels), channels,
                         [&](const auto& from, float* to, std::int64_t first, std::int64_t size) {
                           scale_row(from[0], scale + first, offset + first, to, size);
                         });
                   }
                 });
}

void clip(int threads, const float* x, float limit, float* y, std::int64_t count) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        clip_range(x + begin, limit, y + begin, end - begin);
      },
      16);
}

void fill(int threads, float* y, float value, std::int64_t count) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) { std::fill(y + begin, y + end, value); }, 16);
}

void copy(int threads, const float* x, float* y, std::int64_t count) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        std::memcpy(y + begin, x + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
      },
      16);
}

double sum_of_squares(int threads, const float* x, std::int64_t count) {
  return reduce(threads, x, count, squares_range);
}

double sum_of_magnitudes(int threads, const float* x, std::int64_t count) {
  return reduce(threads, x, count, magnitudes_range);
}

bool all_finite(int threads, const float* x, std::int64_t count) {
  if (threads == 1 || count <= kElementGrain) return range_is_finite(x, count);
  return reduce(threads, x, count, not_finite_range) == 0.0;
}

void penalty_gradient(int threads, const float* w, float factor, float l1, float l2, float* dw,
                      std::int64_t count) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        penalty_range(w + begin, factor, l1, l2, dw + begin, end - begin);
      },
      16);
}

void moving_average(float momentum, float* moving, const float* value, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    moving[i] = momentum * moving[i] + (1.0F - momentum) * value[i];
  }
}

}  // namespace tenon::backend::onednn
