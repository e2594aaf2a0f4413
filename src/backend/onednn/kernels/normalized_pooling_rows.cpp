#include "backend/onednn/kernels/normalized_pooling_rows.hpp"

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/vector_types.hpp"

namespace tenon::backend::onednn {
namespace {

// One channel, in the words of the loops below.
struct Single {
  using Floats = float;
  using Integers = std::int32_t;
  static constexpr int kChannels = 1;

  static TENON_INLINE float load(const float* from) { return *from; }
  static TENON_INLINE void store(float value, float* to) { *to = value; }
  static TENON_INLINE std::int32_t load_places(const std::uint8_t* from) { return *from; }
  static TENON_INLINE void store_places(std::int32_t value, std::uint8_t* to) {
    *to = static_cast<std::uint8_t>(value);
  }
};

template <int kFloats>
struct Many {
  using Floats = typename VectorOf<kFloats>::Type;
  using Integers = typename VectorOf<kFloats>::Integers;
  using Bytes = typename VectorOf<kFloats>::Bytes;
  static constexpr int kChannels = kFloats;

  static TENON_INLINE Floats load(const float* from) {
    return *reinterpret_cast<const Floats*>(from);
  }
  static TENON_INLINE void store(Floats value, float* to) {
    *reinterpret_cast<Floats*>(to) = value;
  }
  static TENON_INLINE Integers load_places(const std::uint8_t* from) {
    return __builtin_convertvector(*reinterpret_cast<const Bytes*>(from), Integers);
  }
  static TENON_INLINE void store_places(Integers value, std::uint8_t* to) {
    *reinterpret_cast<Bytes*>(to) = __builtin_convertvector(value, Bytes);
  }
};

// kTaps: how many a window has; 0: row.taps.
template <class Lanes, int kTaps>
TENON_INLINE void forward_row(const PoolingRow& row, float* y, std::uint8_t* places) {
  using Floats = typename Lanes::Floats;
  using Integers = typename Lanes::Integers;
  const int taps = kTaps > 0 ? kTaps : row.taps;
  const Floats mean = Lanes::load(row.factors.mean);
  const Floats scale = Lanes::load(row.factors.scale);
  const Floats offset = Lanes::load(row.factors.offset);
  const float* x = row.x;
  for (std::int64_t w = 0; w < row.windows; ++w) {
    Floats best = (Lanes::load(x + row.offsets[0]) - mean) * scale + offset;
    Integers place{};
#pragma GCC unroll 8
    for (int t = 1; t < taps; ++t) {
      const Floats value = (Lanes::load(x + row.offsets[t]) - mean) * scale + offset;
      place = value > best ? Integers{} + t : place;
      best = value > best ? value : best;
    }
    Lanes::store(best > 0.0F ? best : best * row.slope, y);
    if (places != nullptr) {
      Lanes::store_places(place, places);
      places += row.pixel_step;
    }
    x += row.window_step;
    y += row.pixel_step;
  }
}

template <class Lanes, int kTaps>
TENON_INLINE void sum_row(const PoolingRow& row, const float* dy, const std::uint8_t* places,
                          double* sums, double* products) {
  using Floats = typename Lanes::Floats;
  const int taps = kTaps > 0 ? kTaps : row.taps;
  const Floats mean = Lanes::load(row.factors.mean);
  const Floats scale = Lanes::load(row.factors.scale);
  const Floats offset = Lanes::load(row.factors.offset);
  Floats sum{};
  Floats product{};
  const float* x = row.x;
  for (std::int64_t w = 0; w < row.windows; ++w) {
    const typename Lanes::Integers place = Lanes::load_places(places);
    Floats chosen = Lanes::load(x + row.offsets[0]);
#pragma GCC unroll 8
    for (int t = 1; t < taps; ++t) {
      chosen = place == t ? Lanes::load(x + row.offsets[t]) : chosen;
    }
    const Floats moved = chosen - mean;
    const Floats given = Lanes::load(dy);
    const Floats gradient = moved * scale + offset > 0.0F ? given : given * row.slope;
    sum += gradient;
    product += gradient * moved;
    x += row.window_step;
    dy += row.pixel_step;
    places += row.pixel_step;
  }
  float sum_list[Lanes::kChannels];
  float product_list[Lanes::kChannels];
  Lanes::store(sum, sum_list);
  Lanes::store(product, product_list);
  for (int i = 0; i < Lanes::kChannels; ++i) {
    sums[i] += static_cast<double>(sum_list[i]);
    products[i] += static_cast<double>(product_list[i]);
  }
}

template <class Lanes, int kTaps>
TENON_INLINE void backward_row(const PoolingRow& row, const float* dy, const std::uint8_t* places,
                               float* dx) {
  using Floats = typename Lanes::Floats;
  const int taps = kTaps > 0 ? kTaps : row.taps;
  const Floats mean = Lanes::load(row.factors.mean);
  const Floats scale = Lanes::load(row.factors.scale);
  const Floats offset = Lanes::load(row.factors.offset);
  const Floats x_factor = Lanes::load(row.factors.x_factor);
  const Floats constant = Lanes::load(row.factors.constant);
  const float* x = row.x;
  for (std::int64_t w = 0; w < row.windows; ++w) {
    const typename Lanes::Integers place = Lanes::load_places(places);
    const Floats above = scale * Lanes::load(dy);
    const Floats below = above * row.slope;
#pragma GCC unroll 8
    for (int t = 0; t < taps; ++t) {
      const Floats moved = Lanes::load(x + row.offsets[t]) - mean;
      const Floats gradient = moved * scale + offset > 0.0F ? above : below;
      const Floats taken = place == t ? gradient : Floats{};
      Lanes::store(taken + (x_factor * moved + constant), dx + row.offsets[t]);
    }
    x += row.window_step;
    dx += row.window_step;
    dy += row.pixel_step;
    places += row.pixel_step;
  }
}

// 2×2 and 2×2×2 windows are known to the compiler.
template <class Lanes>
TENON_INLINE void forward_any(const PoolingRow& row, float* y, std::uint8_t* places) {
  if (row.taps == 4) return forward_row<Lanes, 4>(row, y, places);
  if (row.taps == 8) return forward_row<Lanes, 8>(row, y, places);
  forward_row<Lanes, 0>(row, y, places);
}
template <class Lanes>
TENON_INLINE void sum_any(const PoolingRow& row, const float* dy, const std::uint8_t* places,
                          double* sums, double* products) {
  if (row.taps == 4) return sum_row<Lanes, 4>(row, dy, places, sums, products);
  if (row.taps == 8) return sum_row<Lanes, 8>(row, dy, places, sums, products);
  sum_row<Lanes, 0>(row, dy, places, sums, products);
}
template <class Lanes>
TENON_INLINE void backward_any(const PoolingRow& row, const float* dy, const std::uint8_t* places,
                               float* dx) {
  if (row.taps == 4) return backward_row<Lanes, 4>(row, dy, places, dx);
  if (row.taps == 8) return backward_row<Lanes, 8>(row, dy, places, dx);
  backward_row<Lanes, 0>(row, dy, places, dx);
}

#define TENON_POOLING_ROWS(NAME, TARGET, LANES)                                                   \
  TARGET void forward_##NAME(const PoolingRow& row, float* y, std::uint8_t* places) {             \
    forward_any<LANES>(row, y, places);                                                           \
  }                                                                                               \
  TARGET void sum_##NAME(const PoolingRow& row, const float* dy, const std::uint8_t* places,      \
                         double* sums, double* products) {                                        \
    sum_any<LANES>(row, dy, places, sums, products);                                              \
  }                                                                                               \
  TARGET void backward_##NAME(const PoolingRow& row, const float* dy, const std::uint8_t* places, \
                              float* dx) {                                                        \
    backward_any<LANES>(row, dy, places, dx);                                                     \
  }

TENON_POOLING_ROWS(avx512, TENON_AVX512, Many<16>)
TENON_POOLING_ROWS(avx2, TENON_AVX2, Many<8>)
TENON_POOLING_ROWS(single, , Single)

}  // namespace

PoolingRows vector_pooling_rows() {
  switch (instruction_set()) {
    case InstructionSet::kAvx512:
      return {16, &forward_avx512, &sum_avx512, &backward_avx512};
    case InstructionSet::kAvx2:
      return {8, &forward_avx2, &sum_avx2, &backward_avx2};
    default:
      return single_pooling_rows();
  }
}

PoolingRows single_pooling_rows() { return {1, &forward_single, &sum_single, &backward_single}; }

}  // namespace tenon::backend::onednn
