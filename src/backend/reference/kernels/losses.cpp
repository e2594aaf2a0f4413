#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backend/reference/kernel.hpp"
#include "backend/reference/kernels/overlap_loss.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::reference {
namespace {

using ops::LossAttributes;
using ops::LossKind;

/// Keras's backend.epsilon(): probabilities are kept this far from 0 and 1.
constexpr double kProbabilityEpsilon = 1e-7;

template <class T>
T clip_probability(T p) {
  return std::clamp(p, static_cast<T>(kProbabilityEpsilon),
                    static_cast<T>(1.0 - kProbabilityEpsilon));
}
/// The slope of the clip: nothing flows back from outside.
template <class T>
T clip_slope(T p) {
  return clip_probability(p) == p ? T(1) : T(0);
}

/// One loss value: a line of predictions and what they should be, after label smoothing.
template <class T>
struct Row {
  const LossAttributes& attributes;
  const T* prediction;
  const T* target;               // nullptr for sparse ones
  const std::int32_t* class_id;  // nullptr for dense ones
  std::int64_t classes;

  T wanted(std::int64_t c) const {
    const T smoothing = static_cast<T>(attributes.label_smoothing);
    const T value = target != nullptr ? target[c] : static_cast<T>(*class_id == c ? 1 : 0);
    switch (attributes.kind) {
      case LossKind::kBinaryCrossentropy:
      case LossKind::kBinaryFocalCrossentropy:
        return value * (1 - smoothing) + smoothing / 2;
      case LossKind::kCategoricalCrossentropy:
      case LossKind::kCategoricalFocalCrossentropy:
      case LossKind::kSparseCategoricalCrossentropy:
        return value * (1 - smoothing) + smoothing / static_cast<T>(classes);
      default:
        return value;
    }
  }
  T sum_of_predictions() const {
    T sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      sum += prediction[c];
    }
    return sum;
  }
  /// log Σ e^prediction
  T log_sum_exp() const {
    const T largest = *std::max_element(prediction, prediction + classes);
    T sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      sum += std::exp(prediction[c] - largest);
    }
    return largest + std::log(sum);
  }
  /// The mean over the last axis of term(prediction, wanted).
  template <class Term>
  T mean(Term term) const {
    T sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      sum += term(prediction[c], wanted(c));
    }
    return sum / static_cast<T>(classes);
  }
};

template <class T>
T binary_crossentropy(const Row<T>& row) {
  if (row.attributes.from_logits) {
    return row.mean(
        [](T x, T t) { return std::max(x, T(0)) - x * t + std::log1p(std::exp(-std::abs(x))); });
  }
  return row.mean([](T p, T t) {
    const T clipped = clip_probability(p);
    return -(t * std::log(clipped) + (1 - t) * std::log(1 - clipped));
  });
}

template <class T>
T categorical_crossentropy(const Row<T>& row) {
  T loss = 0;
  if (row.attributes.from_logits) {
    const T logarithm = row.log_sum_exp();
    for (std::int64_t c = 0; c < row.classes; ++c) {
      loss -= row.wanted(c) * (row.prediction[c] - logarithm);
    }
    return loss;
  }
  const T sum = row.sum_of_predictions();
  for (std::int64_t c = 0; c < row.classes; ++c) {
    loss -= row.wanted(c) * std::log(clip_probability(row.prediction[c] / sum));
  }
  return loss;
}

/// What class `c` weighs in a focal loss.
template <class T>
T focal_alpha(const LossAttributes& attributes, std::int64_t c) {
  const auto& alpha = attributes.alpha;
  if (alpha.empty()) return T(0.25);
  return static_cast<T>(alpha.size() == 1 ? alpha[0] : alpha[static_cast<std::size_t>(c)]);
}

/// One term of a binary focal loss and its slope by the probability.
template <class T>
struct BinaryFocal {
  T value;
  T slope;

  BinaryFocal(const LossAttributes& attributes, T p, T t) {
    const T gamma = static_cast<T>(attributes.gamma);
    const T q = clip_probability(p);
    const T entropy = -(t * std::log(q) + (1 - t) * std::log(1 - q));
    const T entropy_slope = clip_slope(p) * (q - t) / (q * (1 - q));
    const T miss = 1 - (t * p + (1 - t) * (1 - p));
    const T factor = std::pow(miss, gamma);
    const T factor_slope = gamma == 0 ? T(0) : gamma * std::pow(miss, gamma - 1) * (1 - 2 * t);
    const T alpha = focal_alpha<T>(attributes, 0);
    const T balance = attributes.class_balancing ? t * alpha + (1 - t) * (1 - alpha) : T(1);
    value = balance * factor * entropy;
    slope = balance * (factor_slope * entropy + factor * entropy_slope);
  }
};

template <class T>
T logistic(T x) {
  return 1 / (1 + std::exp(-x));
}

template <class T>
T binary_focal(const Row<T>& row) {
  return row.mean([&](T x, T t) {
    return BinaryFocal<T>(row.attributes, row.attributes.from_logits ? logistic(x) : x, t).value;
  });
}

/// The probability of class `c`, before the clip.
template <class T>
T share_of_class(const Row<T>& row, std::int64_t c, T normal) {
  return row.attributes.from_logits ? std::exp(row.prediction[c] - normal)
                                    : row.prediction[c] / normal;
}

template <class T>
T normal_of(const Row<T>& row) {
  return row.attributes.from_logits ? row.log_sum_exp() : row.sum_of_predictions();
}

template <class T>
T categorical_focal(const Row<T>& row) {
  const T normal = normal_of(row);
  T loss = 0;
  for (std::int64_t c = 0; c < row.classes; ++c) {
    const T q = clip_probability(share_of_class(row, c, normal));
    loss -= row.wanted(c) * focal_alpha<T>(row.attributes, c) *
            std::pow(1 - q, static_cast<T>(row.attributes.gamma)) * std::log(q);
  }
  return loss;
}

template <class T>
T loss_of(const Row<T>& row) {
  switch (row.attributes.kind) {
    case LossKind::kBinaryCrossentropy:
      return binary_crossentropy(row);
    case LossKind::kCategoricalCrossentropy:
    case LossKind::kSparseCategoricalCrossentropy:
      return categorical_crossentropy(row);
    case LossKind::kMeanSquaredError:
      return row.mean([](T p, T t) { return (p - t) * (p - t); });
    case LossKind::kMeanAbsoluteError:
      return row.mean([](T p, T t) { return std::abs(p - t); });
    case LossKind::kBinaryFocalCrossentropy:
      return binary_focal(row);
    case LossKind::kCategoricalFocalCrossentropy:
      return categorical_focal(row);
    case LossKind::kDice:
    case LossKind::kTversky:
      break;  // no sum over rows
  }
  return T(0);
}

template <class T>
void binary_crossentropy_gradient(const Row<T>& row, T scale, T* gradient) {
  for (std::int64_t c = 0; c < row.classes; ++c) {
    const T p = row.prediction[c];
    const T t = row.wanted(c);
    const T share = scale / static_cast<T>(row.classes);
    if (row.attributes.from_logits) {
      gradient[c] = share * (1 / (1 + std::exp(-p)) - t);
    } else {
      const T clipped = clip_probability(p);
      gradient[c] = share * clip_slope(p) * (clipped - t) / (clipped * (1 - clipped));
    }
  }
}

/// Of −Σ tᵢ·log(clip(pᵢ / s)), s = Σ p: with gᵢ the slope by qᵢ = pᵢ / s, (gᵢ − Σ gⱼ·qⱼ) / s.
template <class T>
void normalized_crossentropy_gradient(const Row<T>& row, T scale, T* gradient) {
  const T sum = row.sum_of_predictions();
  T projection = 0;
  for (std::int64_t c = 0; c < row.classes; ++c) {
    const T q = row.prediction[c] / sum;
    gradient[c] = -row.wanted(c) * clip_slope(q) / clip_probability(q);
    projection += gradient[c] * q;
  }
  for (std::int64_t c = 0; c < row.classes; ++c) {
    gradient[c] = scale * (gradient[c] - projection) / sum;
  }
}

template <class T>
void categorical_crossentropy_gradient(const Row<T>& row, T scale, T* gradient) {
  if (!row.attributes.from_logits) {
    normalized_crossentropy_gradient(row, scale, gradient);
    return;
  }
  const T logarithm = row.log_sum_exp();
  T total = 0;
  for (std::int64_t c = 0; c < row.classes; ++c) {
    total += row.wanted(c);
  }
  for (std::int64_t c = 0; c < row.classes; ++c) {
    gradient[c] = scale * (total * std::exp(row.prediction[c] - logarithm) - row.wanted(c));
  }
}

template <class T>
void binary_focal_gradient(const Row<T>& row, T scale, T* gradient) {
  for (std::int64_t c = 0; c < row.classes; ++c) {
    const bool logits = row.attributes.from_logits;
    const T p = logits ? logistic(row.prediction[c]) : row.prediction[c];
    const T inner = logits ? p * (1 - p) : T(1);
    gradient[c] = scale / static_cast<T>(row.classes) * inner *
                  BinaryFocal<T>(row.attributes, p, row.wanted(c)).slope;
  }
}

/// As normalized_crossentropy_gradient; of logits, each q has the slope q·(gᵢ − Σ gⱼ·qⱼ).
template <class T>
void categorical_focal_gradient(const Row<T>& row, T scale, T* gradient) {
  const T gamma = static_cast<T>(row.attributes.gamma);
  const T normal = normal_of(row);
  T projection = 0;
  for (std::int64_t c = 0; c < row.classes; ++c) {
    const T share = share_of_class(row, c, normal);
    const T q = clip_probability(share);
    const T fall = gamma == 0 ? T(0) : gamma * std::pow(1 - q, gamma - 1) * std::log(q);
    gradient[c] = -clip_slope(share) * row.wanted(c) * focal_alpha<T>(row.attributes, c) *
                  (std::pow(1 - q, gamma) / q - fall);
    projection += gradient[c] * share;
  }
  for (std::int64_t c = 0; c < row.classes; ++c) {
    const T inner = row.attributes.from_logits ? share_of_class(row, c, normal) : 1 / normal;
    gradient[c] = scale * inner * (gradient[c] - projection);
  }
}

/// gradient = scale · d loss / d prediction
template <class T>
void gradient_of(const Row<T>& row, T scale, T* gradient) {
  const T share = scale / static_cast<T>(row.classes);
  switch (row.attributes.kind) {
    case LossKind::kBinaryCrossentropy:
      return binary_crossentropy_gradient(row, scale, gradient);
    case LossKind::kCategoricalCrossentropy:
    case LossKind::kSparseCategoricalCrossentropy:
      return categorical_crossentropy_gradient(row, scale, gradient);
    case LossKind::kMeanSquaredError:
      for (std::int64_t c = 0; c < row.classes; ++c) {
        gradient[c] = 2 * share * (row.prediction[c] - row.wanted(c));
      }
      return;
    case LossKind::kMeanAbsoluteError:
      for (std::int64_t c = 0; c < row.classes; ++c) {
        const T difference = row.prediction[c] - row.wanted(c);
        gradient[c] = difference > 0 ? share : difference < 0 ? -share : T(0);
      }
      return;
    case LossKind::kBinaryFocalCrossentropy:
      return binary_focal_gradient(row, scale, gradient);
    case LossKind::kCategoricalFocalCrossentropy:
      return categorical_focal_gradient(row, scale, gradient);
    case LossKind::kDice:
    case LossKind::kTversky:
      return;  // no sum over rows
  }
}

/// The rows of one loss and how they are weighted into the total.
template <class T>
class Rows {
 public:
  explicit Rows(const KernelContext& context)
      : attributes_(context.attributes<LossAttributes>()),
        name_(context.node().name),
        prediction_(context.input<T>(0)),
        weights_(context.input<T>(2)),
        classes_(context.input_shape(0).dim(-1)),
        count_(context.input_size(0) / std::max<std::int64_t>(1, classes_)),
        rows_per_sample_(count_ / std::max<std::int64_t>(1, context.input_shape(0)[0])) {
    if (attributes_.kind == LossKind::kSparseCategoricalCrossentropy) {
      class_ids_ = context.input<std::int32_t>(1);
    } else {
      target_ = context.input<T>(1);
    }
  }

  std::int64_t count() const { return count_; }
  std::int64_t classes() const { return classes_; }

  Row<T> row(std::int64_t index) const {
    if (class_ids_ != nullptr) {
      require_class(index);
    }
    return {attributes_, prediction_ + index * classes_,
            target_ != nullptr ? target_ + index * classes_ : nullptr,
            class_ids_ != nullptr ? class_ids_ + index : nullptr, classes_};
  }
  double sample_weight(std::int64_t index) const {
    return weights_ != nullptr ? static_cast<double>(weights_[index / rows_per_sample_]) : 1.0;
  }
  /// What the weighted sum of all rows is multiplied with.
  double total_scale() const { return divisor() == 0.0 ? 0.0 : attributes_.weight / divisor(); }

 private:
  double divisor() const {
    switch (attributes_.reduction) {
      case ops::LossReduction::kSum:
        return 1.0;
      case ops::LossReduction::kSumOverBatchSize:
        return static_cast<double>(count_);
      case ops::LossReduction::kMeanWithSampleWeight:
        break;
    }
    double sum = 0.0;
    for (std::int64_t i = 0; i < count_; ++i) {
      sum += sample_weight(i);
    }
    return sum;
  }
  void require_class(std::int64_t index) const {
    const std::int32_t id = class_ids_[index];
    if (id < 0 || id >= classes_) {
      throw DataError(make_diagnostic(
          "D002",
          fmt::format("{}: the target of row {} is class {}, but the prediction has {} classes",
                      name_, index, id, classes_),
          {fmt::format("expected: class ids in [0, {})", classes_)},
          "give class ids that start at 0, or an output with more units"));
    }
  }

  const LossAttributes& attributes_;
  const std::string& name_;
  const T* prediction_;
  const T* weights_;
  const T* target_ = nullptr;
  const std::int32_t* class_ids_ = nullptr;
  std::int64_t classes_;
  std::int64_t count_;
  std::int64_t rows_per_sample_;
};

template <class T>
void loss(const KernelContext& context) {
  if (ops::is_overlap(context.attributes<LossAttributes>().kind)) return overlap_loss<T>(context);
  const Rows<T> rows(context);
  T* each = context.output<T>(1);
  double sum = 0.0;
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    const T value = loss_of(rows.row(i));
    if (each != nullptr) {
      each[i] = value;
    }
    sum += static_cast<double>(value) * rows.sample_weight(i);
  }
  if (T* total = context.output<T>(0)) {
    *total = static_cast<T>(sum * rows.total_scale());
  }
}

template <class T>
void loss_backward(const KernelContext& context) {
  if (ops::is_overlap(context.attributes<LossAttributes>().kind)) {
    return overlap_loss_backward<T>(context);
  }
  const Rows<T> rows(context);
  const double scale = static_cast<double>(context.input<T>(3)[0]) * rows.total_scale();
  T* dprediction = context.output<T>(0);
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    gradient_of(rows.row(i), static_cast<T>(scale * rows.sample_weight(i)),
                dprediction + i * rows.classes());
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kLoss, loss<float>, loss<double>},
    {ops::OpKind::kLossBackward, loss_backward<float>, loss_backward<double>},
};

}  // namespace

std::span<const KernelEntry> loss_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
