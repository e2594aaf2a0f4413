#include "backend/onednn/kernels/patch_tiles.hpp"

#include <algorithm>

#include "backend/onednn/kernels/vector_types.hpp"

// Tiles of registers: a few pixels (forward) or taps (backward) by a few vectors of channels. The
// templates are inlined into functions that name their instruction set.
namespace tenon::backend::onednn {
namespace {

// A vector of floats, or of the bits of bfloat16 numbers, as floats.
template <int kFloats>
TENON_INLINE typename VectorOf<kFloats>::Type load(const float* from) {
  return *reinterpret_cast<const typename VectorOf<kFloats>::Type*>(from);
}
template <int kFloats>
TENON_INLINE typename VectorOf<kFloats>::Type load(const std::uint16_t* from) {
  using Of = VectorOf<kFloats>;
  const auto halves = *reinterpret_cast<const typename Of::Halves*>(from);
  const auto words = __builtin_convertvector(halves, typename Of::Words) << 16;
  return reinterpret_cast<typename Of::Type>(words);
}
template <int kFloats>
TENON_INLINE void store(typename VectorOf<kFloats>::Type value, float* to) {
  *reinterpret_cast<typename VectorOf<kFloats>::Type*>(to) = value;
}
// To nearest, ties to even; NaN stays NaN.
template <int kFloats>
TENON_INLINE void store(typename VectorOf<kFloats>::Type value, std::uint16_t* to) {
  using Of = VectorOf<kFloats>;
  using Words = typename Of::Words;
  const auto bits = reinterpret_cast<Words>(value);
  const Words rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
  const Words chosen = value != value ? (bits | 0x00400000U) : rounded;
  *reinterpret_cast<typename Of::Halves*>(to) =
      __builtin_convertvector(chosen >> 16, typename Of::Halves);
}

// T is what y is made of: float, or the bits of bfloat16 numbers.
template <int kFloats, int kPixels, int kVectors, class T>
TENON_INLINE void forward_tile(const PatchRowForward& row, T* y_row, std::int64_t pixel,
                               std::int64_t channel) {
  using Vector = typename VectorOf<kFloats>::Type;
  Vector sum[kPixels][kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    Vector start{};
    if (row.bias != nullptr) {
      start = *reinterpret_cast<const Vector*>(row.bias + channel + v * kFloats);
    }
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) sum[p][v] = start;
  }
  const float* corner = row.x + pixel * row.step;
  const float* kernel = row.kernel + channel;
  for (std::int64_t t = 0; t < row.taps; ++t) {
    const float* tap = corner + row.offsets[t];
    Vector weights[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      weights[v] = *reinterpret_cast<const Vector*>(kernel + v * kFloats);
    }
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) {
      const float value = tap[p * row.step];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[p][v] += value * weights[v];
    }
    kernel += row.channels;
  }
  T* y_tile = y_row + pixel * row.pixel_step + channel / kFloats * row.vector_step;
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      Vector y = sum[p][v];
      if (row.rectify) y = y > 0.0F ? y : y * row.slope;
      store<kFloats>(y, y_tile + p * row.pixel_step + v * row.vector_step);
    }
  }
}

template <int kFloats, int kVectors, class T>
TENON_INLINE void forward_channels(const PatchRowForward& row, T* y, std::int64_t channel) {
  constexpr int kPixels = 6;
  std::int64_t pixel = 0;
  for (; pixel + kPixels <= row.pixels; pixel += kPixels) {
    forward_tile<kFloats, kPixels, kVectors>(row, y, pixel, channel);
  }
  if (row.pixels - pixel >= 4) {
    forward_tile<kFloats, 4, kVectors>(row, y, pixel, channel);
    pixel += 4;
  }
  if (row.pixels - pixel >= 2) {
    forward_tile<kFloats, 2, kVectors>(row, y, pixel, channel);
    pixel += 2;
  }
  if (pixel < row.pixels) forward_tile<kFloats, 1, kVectors>(row, y, pixel, channel);
}

template <int kFloats, int kTaps, int kVectors, class T>
TENON_INLINE void backward_tile(const PatchRowBackward& row, const T* dy_row,
                                const float* const* taps, float* sums, std::int64_t channel) {
  using Vector = typename VectorOf<kFloats>::Type;
  Vector sum[kTaps][kVectors];
  const float* tap[kTaps];
#pragma GCC unroll 8
  for (int t = 0; t < kTaps; ++t) {
    tap[t] = taps[t];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sum[t][v] = *reinterpret_cast<const Vector*>(sums + t * row.channels + v * kFloats);
    }
  }
  const T* dy = dy_row + channel / kFloats * row.vector_step;
  const std::int64_t end = row.pixels * row.step;
  for (std::int64_t i = 0; i < end; i += row.step) {
    Vector gradient[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      gradient[v] = load<kFloats>(dy + v * row.vector_step);
    }
#pragma GCC unroll 8
    for (int t = 0; t < kTaps; ++t) {
      const float value = tap[t][i];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[t][v] += value * gradient[v];
    }
    dy += row.pixel_step;
  }
#pragma GCC unroll 8
  for (int t = 0; t < kTaps; ++t) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      *reinterpret_cast<Vector*>(sums + t * row.channels + v * kFloats) = sum[t][v];
    }
  }
}

template <int kFloats, int kTaps, int kVectors, class T>
TENON_INLINE void backward_channels(const PatchRowBackward& row, const T* dy,
                                    std::int64_t channel) {
  const std::int64_t count = row.taps + (row.ones != nullptr ? 1 : 0);
  const float* taps[kTaps];
  std::int64_t first = 0;
  while (first < count) {
    const auto size = static_cast<int>(std::min<std::int64_t>(kTaps, count - first));
    for (int t = 0; t < size; ++t) {
      const std::int64_t index = first + t;
      taps[t] = index < row.taps ? row.x + row.offsets[index] : row.ones;
    }
    float* sums = row.sums + first * row.channels + channel;
    if (size == kTaps) {
      backward_tile<kFloats, kTaps, kVectors>(row, dy, taps, sums, channel);
    } else {
      int done = 0;
      if (size - done >= 4) {
        backward_tile<kFloats, 4, kVectors>(row, dy, taps, sums, channel);
        done = 4;
      }
      if (size - done >= 2) {
        backward_tile<kFloats, 2, kVectors>(row, dy, taps + done, sums + done * row.channels,
                                            channel);
        done += 2;
      }
      if (size - done >= 1) {
        backward_tile<kFloats, 1, kVectors>(row, dy, taps + done, sums + done * row.channels,
                                            channel);
      }
    }
    first += size;
  }
}

template <class T>
TENON_INLINE void forward_16(const PatchRowForward& row, T* y) {
  std::int64_t channel = 0;
  for (; channel + 64 <= row.channels; channel += 64) forward_channels<16, 4>(row, y, channel);
  for (; channel + 32 <= row.channels; channel += 32) forward_channels<16, 2>(row, y, channel);
  for (; channel + 16 <= row.channels; channel += 16) forward_channels<16, 1>(row, y, channel);
}
template <class T>
TENON_INLINE void backward_16(const PatchRowBackward& row, const T* dy) {
  std::int64_t channel = 0;
  for (; channel + 64 <= row.channels; channel += 64) backward_channels<16, 7, 4>(row, dy, channel);
  for (; channel + 32 <= row.channels; channel += 32) backward_channels<16, 7, 2>(row, dy, channel);
  for (; channel + 16 <= row.channels; channel += 16) backward_channels<16, 7, 1>(row, dy, channel);
}
template <class T>
TENON_INLINE void forward_8(const PatchRowForward& row, T* y) {
  std::int64_t channel = 0;
  for (; channel + 16 <= row.channels; channel += 16) forward_channels<8, 2>(row, y, channel);
  for (; channel + 8 <= row.channels; channel += 8) forward_channels<8, 1>(row, y, channel);
}
template <class T>
TENON_INLINE void backward_8(const PatchRowBackward& row, const T* dy) {
  std::int64_t channel = 0;
  for (; channel + 16 <= row.channels; channel += 16) backward_channels<8, 6, 2>(row, dy, channel);
  for (; channel + 8 <= row.channels; channel += 8) backward_channels<8, 6, 1>(row, dy, channel);
}

TENON_AVX512 void forward_row_avx512(const PatchRowForward& row) {
  if (row.y.narrow != nullptr) return forward_16(row, row.y.narrow);
  forward_16(row, row.y.wide);
}
TENON_AVX512 void backward_row_avx512(const PatchRowBackward& row) {
  if (row.dy.narrow != nullptr) return backward_16(row, row.dy.narrow);
  backward_16(row, row.dy.wide);
}
TENON_AVX2 void forward_row_avx2(const PatchRowForward& row) {
  if (row.y.narrow != nullptr) return forward_8(row, row.y.narrow);
  forward_8(row, row.y.wide);
}
TENON_AVX2 void backward_row_avx2(const PatchRowBackward& row) {
  if (row.dy.narrow != nullptr) return backward_8(row, row.dy.narrow);
  backward_8(row, row.dy.wide);
}

}  // namespace

PatchTiles avx512_patch_tiles() { return {&forward_row_avx512, &backward_row_avx512}; }
PatchTiles avx2_patch_tiles() { return {&forward_row_avx2, &backward_row_avx2}; }

}  // namespace tenon::backend::onednn
