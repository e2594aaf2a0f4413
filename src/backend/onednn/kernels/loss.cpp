#include "backend/onednn/kernels/loss.hpp"

#include <algorithm>
#include <cmath>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/loss_parts.hpp"
#include "backend/onednn/kernels/vector_math.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::LossKind;
namespace vm = vector_math;

// What one row's loops see.
struct Row {
  const float* p;
  const float* t;   // null for sparse losses
  std::int64_t id;  // sparse losses: the class
  std::int64_t count;
  Smoothing smoothing;
};

TENON_CLONES float binary_row(const Row& row, bool from_logits) {
  float sum = 0.0F;
  const float* p = row.p;
  const float* t = row.t;
  if (from_logits) {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t c = 0; c < row.count; ++c) {
      const float wanted = t[c] * row.smoothing.scale + row.smoothing.shift;
      sum += vm::softplus(p[c]) - p[c] * wanted;
    }
  } else {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t c = 0; c < row.count; ++c) {
      const float wanted = t[c] * row.smoothing.scale + row.smoothing.shift;
      const float q = clipped(p[c]);
      sum -= wanted * vm::logarithm(q) + (1.0F - wanted) * vm::logarithm(1.0F - q);
    }
  }
  return sum / static_cast<float>(row.count);
}

TENON_CLONES float squared_row(const Row& row) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float difference = row.p[c] - row.t[c];
    sum += difference * difference;
  }
  return sum / static_cast<float>(row.count);
}
TENON_CLONES float absolute_row(const Row& row) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float difference = row.p[c] - row.t[c];
    sum += difference < 0.0F ? -difference : difference;
  }
  return sum / static_cast<float>(row.count);
}

TENON_CLONES float sum_row(const float* p, std::int64_t count) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < count; ++c) sum += p[c];
  return sum;
}
TENON_CLONES float log_sum_row(const float* p, std::int64_t count) {
  float largest = p[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t c = 0; c < count; ++c) largest = p[c] > largest ? p[c] : largest;
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < count; ++c) sum += vm::exponential(p[c] - largest);
  return largest + vm::logarithm(sum);
}

// What is wanted of class c.
TENON_INLINE float wanted_of(const Row& row, std::int64_t c) {
  const float hot = row.t != nullptr ? row.t[c] : (c == row.id ? 1.0F : 0.0F);
  return hot * row.smoothing.scale + row.smoothing.shift;
}

TENON_CLONES float categorical_row(const Row& row, bool from_logits) {
  const float* p = row.p;
  const float normal = from_logits ? log_sum_row(p, row.count) : sum_row(p, row.count);
  const auto term = [&](float value) __attribute__((always_inline)) {
    return from_logits ? value - normal : vm::logarithm(clipped(value / normal));
  };
  if (row.t == nullptr && row.smoothing.shift == 0.0F) return -term(p[row.id]);
  float sum = 0.0F;
  for (std::int64_t c = 0; c < row.count; ++c) sum -= wanted_of(row, c) * term(p[c]);
  return sum;
}

// base ^ exponent; the exponents that are used most without a power.
TENON_INLINE float power(float base, float exponent) {
  if (exponent == 2.0F) return base * base;
  if (exponent == 1.0F) return base;
  return exponent == 0.0F ? 1.0F : std::pow(base, exponent);
}

struct Focal {
  float gamma;
  const double* alpha;
  std::size_t alphas;
  bool balancing;
  bool from_logits;

  explicit Focal(const ops::LossAttributes& attributes)
      : gamma(static_cast<float>(attributes.gamma)),
        alpha(attributes.alpha.data()),
        alphas(attributes.alpha.size()),
        balancing(attributes.class_balancing),
        from_logits(attributes.from_logits) {}
  float alpha_of(std::int64_t c) const {
    if (alphas == 0) return 0.25F;
    return static_cast<float>(alpha[alphas == 1 ? 0 : c]);
  }
  // d factor / d miss, of factor = miss ^ gamma.
  float slope(float miss) const { return gamma == 0.0F ? 0.0F : gamma * power(miss, gamma - 1.0F); }
};

// One term of a binary focal loss and its slope by the probability.
struct FocalTerm {
  float value;
  float slope;
};
FocalTerm focal_term(const Focal& focal, float p, float wanted) {
  const float q = clipped(p);
  const float entropy = -(wanted * vm::logarithm(q) + (1.0F - wanted) * vm::logarithm(1.0F - q));
  const float entropy_slope = clip_slope(p) * (q - wanted) / (q * (1.0F - q));
  const float miss = 1.0F - (wanted * p + (1.0F - wanted) * (1.0F - p));
  const float factor = power(miss, focal.gamma);
  const float alpha = focal.alpha_of(0);
  const float balance = focal.balancing ? wanted * alpha + (1.0F - wanted) * (1.0F - alpha) : 1.0F;
  return {
      balance * factor * entropy,
      balance * (focal.slope(miss) * (1.0F - 2.0F * wanted) * entropy + factor * entropy_slope)};
}

float binary_focal_row(const Row& row, const Focal& focal) {
  float sum = 0.0F;
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float p = focal.from_logits ? vm::sigmoid(row.p[c]) : row.p[c];
    sum += focal_term(focal, p, wanted_of(row, c)).value;
  }
  return sum / static_cast<float>(row.count);
}
void binary_focal_gradient(const Row& row, const Focal& focal, float scale, float* dp) {
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float p = focal.from_logits ? vm::sigmoid(row.p[c]) : row.p[c];
    const float inner = focal.from_logits ? p * (1.0F - p) : 1.0F;
    dp[c] = scale / static_cast<float>(row.count) * inner *
            focal_term(focal, p, wanted_of(row, c)).slope;
  }
}

// The probability of a class, before the clip.
TENON_INLINE float share_of(const Focal& focal, float p, float normal) {
  return focal.from_logits ? vm::exponential(p - normal) : p / normal;
}
float categorical_focal_row(const Row& row, const Focal& focal) {
  const float normal =
      focal.from_logits ? log_sum_row(row.p, row.count) : sum_row(row.p, row.count);
  float sum = 0.0F;
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float wanted = wanted_of(row, c);
    if (wanted == 0.0F) continue;
    const float q = clipped(share_of(focal, row.p[c], normal));
    sum -= wanted * focal.alpha_of(c) * power(1.0F - q, focal.gamma) * vm::logarithm(q);
  }
  return sum;
}
// As probabilities_gradient; of logits, each q has the slope q·(gᵢ − Σ gⱼ·qⱼ).
void categorical_focal_gradient(const Row& row, const Focal& focal, float scale, float* dp) {
  const float normal =
      focal.from_logits ? log_sum_row(row.p, row.count) : sum_row(row.p, row.count);
  float projection = 0.0F;
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float share = share_of(focal, row.p[c], normal);
    const float q = clipped(share);
    const float steepness =
        power(1.0F - q, focal.gamma) / q - focal.slope(1.0F - q) * vm::logarithm(q);
    dp[c] = -clip_slope(share) * wanted_of(row, c) * focal.alpha_of(c) * steepness;
    projection += dp[c] * share;
  }
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float inner = focal.from_logits ? share_of(focal, row.p[c], normal) : 1.0F / normal;
    dp[c] = scale * inner * (dp[c] - projection);
  }
}

TENON_CLONES void binary_gradient(const Row& row, bool from_logits, float scale, float* dp) {
  const float share = scale / static_cast<float>(row.count);
#pragma omp simd
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float wanted = row.t[c] * row.smoothing.scale + row.smoothing.shift;
    const float q = clipped(row.p[c]);
    const float logits = vm::sigmoid(row.p[c]) - wanted;
    const float probability = clip_slope(row.p[c]) * (q - wanted) / (q * (1.0F - q));
    dp[c] = share * (from_logits ? logits : probability);
  }
}
TENON_CLONES void difference_gradient(const Row& row, bool squared, float scale, float* dp) {
  const float share = scale / static_cast<float>(row.count);
#pragma omp simd
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float difference = row.p[c] - row.t[c];
    const float sign = difference > 0.0F ? 1.0F : (difference < 0.0F ? -1.0F : 0.0F);
    dp[c] = share * (squared ? 2.0F * difference : sign);
  }
}

TENON_CLONES void logits_gradient(const Row& row, float scale, float* dp) {
  const float log_sum = log_sum_row(row.p, row.count);
  float total = 0.0F;
  for (std::int64_t c = 0; c < row.count; ++c) total += wanted_of(row, c);
#pragma omp simd
  for (std::int64_t c = 0; c < row.count; ++c) {
    dp[c] = scale * total * vm::exponential(row.p[c] - log_sum);
  }
  for (std::int64_t c = 0; c < row.count; ++c) dp[c] -= scale * wanted_of(row, c);
}
// Of −Σ tᵢ·log(clip(pᵢ / s)), s = Σ p: with gᵢ the slope by qᵢ = pᵢ / s, (gᵢ − Σ gⱼ·qⱼ) / s.
TENON_CLONES void probabilities_gradient(const Row& row, float scale, float* dp) {
  const float sum = sum_row(row.p, row.count);
  float projection = 0.0F;
  for (std::int64_t c = 0; c < row.count; ++c) {
    const float q = row.p[c] / sum;
    dp[c] = -wanted_of(row, c) * clip_slope(q) / clipped(q);
    projection += dp[c] * q;
  }
  for (std::int64_t c = 0; c < row.count; ++c) dp[c] = scale * (dp[c] - projection) / sum;
}

Row row_of(const LossInputs& in, const Smoothing& smoothing, std::int64_t index) {
  return {in.prediction + index * in.classes,
          in.target != nullptr ? in.target + index * in.classes : nullptr,
          in.class_ids != nullptr ? in.class_ids[index] : 0, in.classes, smoothing};
}

float value_of(const LossInputs& in, const Row& row) {
  switch (in.attributes.kind) {
    case LossKind::kBinaryCrossentropy:
      return binary_row(row, in.attributes.from_logits);
    case LossKind::kCategoricalCrossentropy:
    case LossKind::kSparseCategoricalCrossentropy:
      return categorical_row(row, in.attributes.from_logits);
    case LossKind::kMeanSquaredError:
      return squared_row(row);
    case LossKind::kMeanAbsoluteError:
      return absolute_row(row);
    case LossKind::kBinaryFocalCrossentropy:
      return binary_focal_row(row, Focal(in.attributes));
    case LossKind::kCategoricalFocalCrossentropy:
      return categorical_focal_row(row, Focal(in.attributes));
    case LossKind::kDice:
    case LossKind::kTversky:
      break;  // overlap_loss.cpp
  }
  return 0.0F;
}

void gradient_of(const LossInputs& in, const Row& row, float scale, float* dp) {
  switch (in.attributes.kind) {
    case LossKind::kBinaryCrossentropy:
      return binary_gradient(row, in.attributes.from_logits, scale, dp);
    case LossKind::kCategoricalCrossentropy:
    case LossKind::kSparseCategoricalCrossentropy:
      if (in.attributes.from_logits) return logits_gradient(row, scale, dp);
      return probabilities_gradient(row, scale, dp);
    case LossKind::kMeanSquaredError:
      return difference_gradient(row, true, scale, dp);
    case LossKind::kMeanAbsoluteError:
      return difference_gradient(row, false, scale, dp);
    case LossKind::kBinaryFocalCrossentropy:
      return binary_focal_gradient(row, Focal(in.attributes), scale, dp);
    case LossKind::kCategoricalFocalCrossentropy:
      return categorical_focal_gradient(row, Focal(in.attributes), scale, dp);
    case LossKind::kDice:
    case LossKind::kTversky:
      return;  // overlap_loss.cpp
  }
}

std::int64_t row_grain(const LossInputs& in) {
  return std::max<std::int64_t>(1, kElementGrain / 8 / in.classes);
}

}  // namespace

std::int64_t first_wrong_class(const LossInputs& in) {
  if (in.class_ids == nullptr) return -1;
  for (std::int64_t row = 0; row < in.rows; ++row) {
    if (in.class_ids[row] < 0 || in.class_ids[row] >= in.classes) return row;
  }
  return -1;
}

void loss_forward(const LossInputs& in, int threads, float* total, float* each, float* values) {
  const Smoothing smoothing = smoothing_of(in);
  float* store = each != nullptr ? each : values;
  parallel_range(threads, in.rows, row_grain(in), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      store[row] = value_of(in, row_of(in, smoothing, row));
    }
  });
  if (total == nullptr) return;
  *total = weighted_total(in, store);
}

void loss_backward(const LossInputs& in, int threads, float dtotal, float* dprediction) {
  const Smoothing smoothing = smoothing_of(in);
  const double scale = static_cast<double>(dtotal) * total_scale(in);
  parallel_range(threads, in.rows, row_grain(in), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      gradient_of(in, row_of(in, smoothing, row), static_cast<float>(scale * weight_of(in, row)),
                  dprediction + row * in.classes);
    }
  });
}

}  // namespace tenon::backend::onednn
