#pragma once

#include <cstdint>
#include <span>

#include "backend/onednn/kernels/numbers.hpp"

namespace tenon::backend::onednn {

enum class Binary { kAdd, kSubtract, kMultiply, kMaximum, kMinimum };

/// y[i] = a[i·a_step] ∘ b[i·b_step], steps 0 or 1; one range, one thread.
void binary_range(Binary operation, Numbers a, std::int64_t a_step, Numbers b, std::int64_t b_step,
                  MutableNumbers y, std::int64_t count);

/// The gradients of the larger (or, for kMinimum, the smaller) of a and b; half to each when equal.
/// `da` and `db` may be null.
void extremum_backward_range(Binary operation, const float* a, std::int64_t a_step, const float* b,
                             std::int64_t b_step, const float* dy, float* da, float* db,
                             std::int64_t count);

/// What becomes of a sum.
struct SumRectifier {
  bool enabled = false;  ///< y = s > 0 ? s : slope·s, or by the mask:
  Numbers mask{};        ///< y = mask > 0 ? s : slope·s
  float slope = 0.0F;
};
/// y = Σ inputs; y may be the first of them.
void add_n(int threads, std::span<const Numbers> inputs, MutableNumbers y, std::int64_t count,
           const SumRectifier& rectifier = {});

/// y[i] = x[i]·scale + offset
void scale_offset(int threads, Numbers x, float scale, float offset, MutableNumbers y,
                  std::int64_t count);
/// … per channel, x of (rows, channels).
void scale_offset_channels(int threads, Numbers x, const float* scale, const float* offset,
                           MutableNumbers y, std::int64_t rows, std::int64_t channels);

/// y[i] = x[i] limited to ±limit
void clip(int threads, const float* x, float limit, float* y, std::int64_t count);

void fill(int threads, float* y, float value, std::int64_t count);
void copy(int threads, const float* x, float* y, std::int64_t count);

/// Σ x² and Σ |x|, the same whatever the number of threads.
double sum_of_squares(int threads, const float* x, std::int64_t count);
double sum_of_magnitudes(int threads, const float* x, std::int64_t count);

/// True if no x is NaN or infinite.
bool all_finite(int threads, const float* x, std::int64_t count);

/// dw[i] = factor · (l1·sign(w[i]) + 2·l2·w[i])
void penalty_gradient(int threads, const float* w, float factor, float l1, float l2, float* dw,
                      std::int64_t count);

/// moving[i] = momentum·moving[i] + (1 − momentum)·value[i]
void moving_average(float momentum, float* moving, const float* value, std::int64_t count);

}  // namespace tenon::backend::onednn
