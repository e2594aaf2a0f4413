#include "backend/onednn/kernels/activated_loss.hpp"

#include <algorithm>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/loss_parts.hpp"
#include "backend/onednn/kernels/vector_math.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

namespace vm = vector_math;

constexpr std::int64_t kLanes = 16;
// Up to so many classes, vectors hold as many rows; above, classes of one row.
constexpr std::int64_t kFewClasses = 32;

/// Some rows, from the first of which the pointers count.
struct Rows {
  std::int64_t count = 0;
  std::int64_t classes = 1;
  const float* x = nullptr;
  float* y = nullptr;
  const float* t = nullptr;           // null for sparse losses
  const std::int32_t* ids = nullptr;  // sparse losses
  const float* scales = nullptr;      // what the gradient of each row is multiplied with
  float* each = nullptr;
  float* dx = nullptr;  // or null
  Smoothing smoothing{};

  bool picks_one() const { return t == nullptr && smoothing.shift == 0.0F; }
};

TENON_INLINE float binary_term(float q, float wanted) {
  const float safe = clipped(q);
  return -(wanted * vm::logarithm(safe) + (1.0F - wanted) * vm::logarithm(1.0F - safe));
}

// One class: the vectors hold rows.
TENON_CLONES void sigmoid_column(const Rows& rows) {
  const float* x = rows.x;
  const float* t = rows.t;
  float* y = rows.y;
  float* each = rows.each;
#pragma omp simd
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const float q = vm::sigmoid(x[i]);
    y[i] = q;
    each[i] = binary_term(q, t[i] * rows.smoothing.scale + rows.smoothing.shift);
  }
  if (rows.dx == nullptr) return;
  float* dx = rows.dx;
  const float* scales = rows.scales;
#pragma omp simd
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const float wanted = t[i] * rows.smoothing.scale + rows.smoothing.shift;
    dx[i] = scales[i] * clip_slope(y[i]) * (y[i] - wanted);
  }
}

TENON_CLONES void sigmoid_row(const Rows& rows) {
  const float* x = rows.x;
  const float* t = rows.t;
  float* y = rows.y;
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    const float q = vm::sigmoid(x[c]);
    y[c] = q;
    sum += binary_term(q, t[c] * rows.smoothing.scale + rows.smoothing.shift);
  }
  rows.each[0] = sum / static_cast<float>(rows.classes);
  if (rows.dx == nullptr) return;
  float* dx = rows.dx;
  const float share = rows.scales[0] / static_cast<float>(rows.classes);
#pragma omp simd
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    const float wanted = t[c] * rows.smoothing.scale + rows.smoothing.shift;
    dx[c] = share * clip_slope(y[c]) * (y[c] - wanted);
  }
}

// What is wanted of class c.
TENON_INLINE float wanted_of(const Rows& rows, std::int64_t row, std::int64_t c) {
  const float hot =
      rows.t != nullptr ? rows.t[row * rows.classes + c] : (c == rows.ids[row] ? 1.0F : 0.0F);
  return hot * rows.smoothing.scale + rows.smoothing.shift;
}

TENON_CLONES void softmax_row(const Rows& rows) {
  const float* x = rows.x;
  float* y = rows.y;
  const std::int64_t classes = rows.classes;
  float largest = x[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t c = 0; c < classes; ++c) largest = x[c] > largest ? x[c] : largest;
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < classes; ++c) {
    y[c] = vm::exponential(x[c] - largest);
    sum += y[c];
  }
  const float inverse = 1.0F / sum;
#pragma omp simd
  for (std::int64_t c = 0; c < classes; ++c) y[c] *= inverse;
  float value = 0.0F;
  float reached = 0.0F;
  if (rows.picks_one()) {
    value = -vm::logarithm(clipped(y[rows.ids[0]]));
    reached = clip_slope(y[rows.ids[0]]);
  } else {
    for (std::int64_t c = 0; c < classes; ++c) {
      const float wanted = wanted_of(rows, 0, c);
      value -= wanted * vm::logarithm(clipped(y[c]));
      reached += wanted * clip_slope(y[c]);
    }
  }
  rows.each[0] = value;
  if (rows.dx == nullptr) return;
  float* dx = rows.dx;
  const float scale = rows.scales[0];
#pragma omp simd
  for (std::int64_t c = 0; c < classes; ++c) dx[c] = scale * reached * y[c];
  if (rows.picks_one()) {
    dx[rows.ids[0]] -= scale * reached;
    return;
  }
  for (std::int64_t c = 0; c < classes; ++c) {
    dx[c] -= scale * wanted_of(rows, 0, c) * clip_slope(y[c]);
  }
}

// Of up to kLanes rows: (classes, kLanes), so that all loops run over rows.
struct Tile {
  alignas(64) float q[kFewClasses * kLanes];
  alignas(64) float wanted[kFewClasses * kLanes];
  alignas(64) float each[kLanes];
  alignas(64) float reached[kLanes];
  alignas(64) float scales[kLanes];
};

TENON_INLINE void load_tile(const Rows& rows, Tile& tile) {
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    float* q = tile.q + c * kLanes;
    float* wanted = tile.wanted + c * kLanes;
    for (std::int64_t r = 0; r < rows.count; ++r) q[r] = rows.x[r * rows.classes + c];
    for (std::int64_t r = rows.count; r < kLanes; ++r) q[r] = 0.0F;
    if (rows.picks_one()) continue;
    for (std::int64_t r = 0; r < rows.count; ++r) wanted[r] = wanted_of(rows, r, c);
    for (std::int64_t r = rows.count; r < kLanes; ++r) wanted[r] = 0.0F;
  }
}

TENON_INLINE void softmax_of_tile(const Rows& rows, Tile& tile) {
  alignas(64) float largest[kLanes];
  alignas(64) float sum[kLanes];
  for (std::int64_t l = 0; l < kLanes; ++l) largest[l] = tile.q[l];
  for (std::int64_t c = 1; c < rows.classes; ++c) {
    const float* q = tile.q + c * kLanes;
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) largest[l] = q[l] > largest[l] ? q[l] : largest[l];
  }
  for (std::int64_t l = 0; l < kLanes; ++l) sum[l] = 0.0F;
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    float* q = tile.q + c * kLanes;
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) {
      q[l] = vm::exponential(q[l] - largest[l]);
      sum[l] += q[l];
    }
  }
#pragma omp simd
  for (std::int64_t l = 0; l < kLanes; ++l) sum[l] = 1.0F / sum[l];
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    float* q = tile.q + c * kLanes;
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) q[l] *= sum[l];
  }
}

TENON_INLINE void loss_of_tile(const Rows& rows, Tile& tile) {
  if (rows.picks_one()) {
    alignas(64) float picked[kLanes];
    for (std::int64_t l = 0; l < kLanes; ++l) {
      picked[l] = l < rows.count ? tile.q[rows.ids[l] * kLanes + l] : 1.0F;
    }
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) {
      tile.each[l] = -vm::logarithm(clipped(picked[l]));
      tile.reached[l] = clip_slope(picked[l]);
    }
    return;
  }
  for (std::int64_t l = 0; l < kLanes; ++l) tile.each[l] = tile.reached[l] = 0.0F;
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    const float* q = tile.q + c * kLanes;
    float* wanted = tile.wanted + c * kLanes;
#pragma omp simd
    for (std::int64_t l = 0; l < kLanes; ++l) {
      tile.each[l] -= wanted[l] * vm::logarithm(clipped(q[l]));
      wanted[l] *= clip_slope(q[l]);
      tile.reached[l] += wanted[l];
    }
  }
}

// q becomes the gradient.
TENON_INLINE void gradient_of_tile(const Rows& rows, Tile& tile) {
  for (std::int64_t l = 0; l < kLanes; ++l) tile.scales[l] = l < rows.count ? rows.scales[l] : 0.0F;
  const bool one = rows.picks_one();
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    float* q = tile.q + c * kLanes;
    const float* wanted = tile.wanted + c * kLanes;
    if (one) {
#pragma omp simd
      for (std::int64_t l = 0; l < kLanes; ++l) q[l] *= tile.scales[l] * tile.reached[l];
    } else {
#pragma omp simd
      for (std::int64_t l = 0; l < kLanes; ++l) {
        q[l] = tile.scales[l] * (q[l] * tile.reached[l] - wanted[l]);
      }
    }
  }
  for (std::int64_t l = 0; one && l < rows.count; ++l) {
    tile.q[rows.ids[l] * kLanes + l] -= tile.scales[l] * tile.reached[l];
  }
}

TENON_INLINE void store_tile(const Rows& rows, const Tile& tile, float* to) {
  for (std::int64_t r = 0; r < rows.count; ++r) {
    for (std::int64_t c = 0; c < rows.classes; ++c) {
      to[r * rows.classes + c] = tile.q[c * kLanes + r];
    }
  }
}

TENON_CLONES void softmax_tile(const Rows& rows) {
  Tile tile;
  load_tile(rows, tile);
  softmax_of_tile(rows, tile);
  store_tile(rows, tile, rows.y);
  loss_of_tile(rows, tile);
  for (std::int64_t l = 0; l < rows.count; ++l) rows.each[l] = tile.each[l];
  if (rows.dx == nullptr) return;
  gradient_of_tile(rows, tile);
  store_tile(rows, tile, rows.dx);
}

Rows rows_of(const ActivatedLoss& loss, const Smoothing& smoothing, const float* scales,
             std::int64_t first, std::int64_t count) {
  const std::int64_t at = first * loss.in.classes;
  return {.count = count,
          .classes = loss.in.classes,
          .x = loss.x + at,
          .y = loss.y + at,
          .t = loss.in.target != nullptr ? loss.in.target + at : nullptr,
          .ids = loss.in.class_ids != nullptr ? loss.in.class_ids + first : nullptr,
          .scales = scales,
          .each = loss.each + first,
          .dx = loss.dx != nullptr ? loss.dx + at : nullptr,
          .smoothing = smoothing};
}

}  // namespace

void activated_loss(const ActivatedLoss& loss, int threads) {
  const LossInputs& in = loss.in;
  const Smoothing smoothing = smoothing_of(in);
  const double scale = static_cast<double>(loss.dtotal) * total_scale(in);
  const bool binary = in.attributes.kind == ops::LossKind::kBinaryCrossentropy;
  const bool in_lanes = binary ? in.classes == 1 : in.classes <= kFewClasses;
  const auto run =
      binary ? (in_lanes ? sigmoid_column : sigmoid_row) : (in_lanes ? softmax_tile : softmax_row);
  const std::int64_t step = in_lanes ? kLanes : 1;
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / 8 / in.classes);
  parallel_range(
      threads, in.rows, grain,
      [&](std::int64_t begin, std::int64_t end) {
        float scales[kLanes];
        for (std::int64_t first = begin; first < end; first += step) {
          const std::int64_t count = std::min(step, end - first);
          for (std::int64_t i = 0; i < count; ++i) {
            scales[i] = static_cast<float>(scale * weight_of(in, first + i));
          }
          run(rows_of(loss, smoothing, scales, first, count));
        }
      },
      kLanes);
  if (loss.total != nullptr) *loss.total = weighted_total(in, loss.each);
}

}  // namespace tenon::backend::onednn
