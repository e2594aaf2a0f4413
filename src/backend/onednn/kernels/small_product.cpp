#include "backend/onednn/kernels/small_product.hpp"

#include <algorithm>
#include <cstring>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/vector_types.hpp"

namespace tenon::backend::onednn {
namespace {

constexpr std::int64_t kLanes = 16;
using Vector = VectorOf<kLanes>::Type;

TENON_INLINE Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }

// Rows [first, k) of up to 16 columns of b, one behind the other, filled up with zeros.
TENON_INLINE void pack(const SmallProduct& p, std::int64_t column, std::int64_t width,
                       std::int64_t first, float* to) {
  const float* from = p.b + first * p.b_row + column * p.b_column;
  for (std::int64_t i = first; i < p.k; ++i, to += kLanes, from += p.b_row) {
    for (std::int64_t l = 0; l < width; ++l) to[l] = from[l * p.b_column];
    for (std::int64_t l = width; l < kLanes; ++l) to[l] = 0.0F;
  }
}

template <int kCount>
TENON_INLINE void copy_lanes(const float*& from, float*& to, std::int64_t width) {
  if ((width & kCount) == 0) return;
  std::memcpy(to, from, kCount * sizeof(float));
  from += kCount;
  to += kCount;
}

TENON_INLINE void store(Vector value, float* to, std::int64_t width) {
  if (width == kLanes) {
    *reinterpret_cast<Vector*>(to) = value;
    return;
  }
  alignas(64) float lanes[kLanes];
  *reinterpret_cast<Vector*>(lanes) = value;
  const float* from = lanes;
  copy_lanes<8>(from, to, width);
  copy_lanes<4>(from, to, width);
  copy_lanes<2>(from, to, width);
  copy_lanes<1>(from, to, width);
}

// Where up to 16 columns of b are read: the first rows as they lie, where what is read beyond the
// columns is of the next row and counts for nothing; the others packed.
struct Panel {
  std::int64_t column = 0;
  std::int64_t width = 0;
  const float* rows = nullptr;
  std::int64_t direct = 0;
  const float* packed = nullptr;
};

TENON_INLINE Panel panel_of(const SmallProduct& p, std::int64_t column, float* scratch) {
  Panel panel{.column = column,
              .width = std::min(kLanes, p.n - column),
              .rows = p.b + column,
              .packed = scratch};
  if (p.b_column == 1) {
    const std::int64_t beyond = column + kLanes - p.n;  // behind the last row
    panel.direct = beyond <= 0 ? p.k : std::max<std::int64_t>(0, p.k - 1 - (beyond - 1) / p.b_row);
  }
  return panel;
}

template <int kRows>
TENON_INLINE void add_products(const SmallProduct& p, const float* a, const float* b,
                               std::int64_t step, std::int64_t count, Vector (&sum)[kRows]) {
  for (std::int64_t i = 0; i < count; ++i, a += p.a_column, b += step) {
    const Vector factors = load(b);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) sum[r] += a[r * p.a_row] * factors;
  }
}

template <int kRows>
TENON_INLINE void tile(const SmallProduct& p, const Panel& panel, const Vector& bias,
                       std::int64_t row) {
  Vector sum[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) sum[r] = bias;
  const float* a = p.a + row * p.a_row;
  add_products<kRows>(p, a, panel.rows, p.b_row, panel.direct, sum);
  add_products<kRows>(p, a + panel.direct * p.a_column, panel.packed, kLanes, p.k - panel.direct,
                      sum);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    if (p.rectify) sum[r] = sum[r] > 0.0F ? sum[r] : sum[r] * p.slope;
    store(sum[r], p.c + (row + r) * p.n + panel.column, panel.width);
  }
}

TENON_INLINE void panel_product(const SmallProduct& p, const Panel& panel) {
  alignas(64) float bias[kLanes] = {};
  for (std::int64_t l = 0; p.bias != nullptr && l < panel.width; ++l) {
    bias[l] = p.bias[panel.column + l];
  }
  const Vector start = load(bias);
  std::int64_t row = 0;
  for (; row + 8 <= p.m; row += 8) tile<8>(p, panel, start, row);
  for (; row + 4 <= p.m; row += 4) tile<4>(p, panel, start, row);
  for (; row < p.m; ++row) tile<1>(p, panel, start, row);
  if (p.column_sums == nullptr) return;
  Vector sum{};
  for (std::int64_t i = 0; i < panel.direct; ++i) sum += load(panel.rows + i * p.b_row);
  for (std::int64_t i = panel.direct; i < p.k; ++i) {
    sum += load(panel.packed + (i - panel.direct) * kLanes);
  }
  store(sum, p.column_sums + panel.column, panel.width);
}

}  // namespace

std::int64_t small_product_scratch(const SmallProduct& p) { return p.k * kLanes; }

TENON_CLONES void small_product(const SmallProduct& p, float* scratch) {
  for (std::int64_t column = 0; column < p.n; column += kLanes) {
    const Panel panel = panel_of(p, column, scratch);
    pack(p, column, panel.width, panel.direct, scratch);
    panel_product(p, panel);
  }
}

}  // namespace tenon::backend::onednn
