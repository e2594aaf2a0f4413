#pragma once

#include "backend/onednn/kernels/loss.hpp"
#include "backend/onednn/kernels/vector_math.hpp"

// What the kernels of losses share.
namespace tenon::backend::onednn {

// Keras keeps probabilities this far from 0 and 1. As the reference has it, the upper bound is
// 1 − 1e-7 rounded to float.
inline constexpr float kLow = 1e-7F;
inline constexpr float kHigh = static_cast<float>(1.0 - 1e-7);

TENON_INLINE float clipped(float p) {
  const float low = p < kLow ? kLow : p;
  return low > kHigh ? kHigh : low;
}
TENON_INLINE float clip_slope(float p) { return p < kLow || p > kHigh ? 0.0F : 1.0F; }

/// A target is wanted · scale + shift (label smoothing).
struct Smoothing {
  float scale = 1.0F;
  float shift = 0.0F;
};
inline Smoothing smoothing_of(const LossInputs& in) {
  const auto amount = static_cast<float>(in.attributes.label_smoothing);
  switch (in.attributes.kind) {
    case ops::LossKind::kBinaryCrossentropy:
    case ops::LossKind::kBinaryFocalCrossentropy:
      return {1.0F - amount, amount / 2.0F};
    case ops::LossKind::kCategoricalCrossentropy:
    case ops::LossKind::kCategoricalFocalCrossentropy:
    case ops::LossKind::kSparseCategoricalCrossentropy:
      return {1.0F - amount, amount / static_cast<float>(in.classes)};
    default:
      return {};
  }
}

inline double weight_of(const LossInputs& in, std::int64_t row) {
  return in.sample_weight == nullptr
             ? 1.0
             : static_cast<double>(in.sample_weight[row / in.rows_per_sample]);
}

/// What the weighted sum of all rows is multiplied with.
inline double total_scale(const LossInputs& in) {
  double divisor = 1.0;
  if (in.attributes.reduction == ops::LossReduction::kSumOverBatchSize) {
    divisor = static_cast<double>(in.rows);
  } else if (in.attributes.reduction == ops::LossReduction::kMeanWithSampleWeight) {
    divisor = 0.0;
    for (std::int64_t row = 0; row < in.rows; ++row) divisor += weight_of(in, row);
  }
  return divisor == 0.0 ? 0.0 : in.attributes.weight / divisor;
}

/// Of the losses of all rows.
inline float weighted_total(const LossInputs& in, const float* each) {
  double sum = 0.0;
  for (std::int64_t row = 0; row < in.rows; ++row) {
    sum += static_cast<double>(each[row]) * weight_of(in, row);
  }
  return static_cast<float>(sum * total_scale(in));
}

}  // namespace tenon::backend::onednn
