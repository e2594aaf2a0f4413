#include "backend/reference/kernels/overlap_loss.hpp"

#include <algorithm>

namespace tenon::backend::reference {
namespace {

using ops::LossAttributes;
using ops::LossReduction;

/// Keras's backend.epsilon().
constexpr double kEpsilon = 1e-7;

/// Which of the sums each element belongs to.
class Groups {
 public:
  Groups(const Shape& shape, const std::vector<int>& axes) : shape_(shape) {
    std::vector<bool> summed(shape.dims().size(), axes.empty());
    for (const int axis : axes) {
      summed[static_cast<std::size_t>(axis < 0 ? axis + shape.rank() : axis)] = true;
    }
    strides_.assign(summed.size(), 0);
    for (std::size_t i = summed.size(); i-- > 0;) {
      if (summed[i]) continue;
      strides_[i] = count_;
      count_ *= shape[i];
    }
    per_sample_ = !summed[0];
  }
  std::int64_t count() const { return count_; }
  /// True where each sample has sums of its own.
  bool per_sample() const { return per_sample_; }
  std::size_t of(std::int64_t element) const {
    std::int64_t group = 0;
    for (std::size_t i = strides_.size(); i-- > 0;) {
      group += element % shape_[i] * strides_[i];
      element /= shape_[i];
    }
    return static_cast<std::size_t>(group);
  }
  /// The first sample whose sums `group` are.
  std::int64_t sample_of(std::size_t group) const {
    return per_sample_ ? static_cast<std::int64_t>(group) / strides_[0] : 0;
  }

 private:
  Shape shape_;
  std::vector<std::int64_t> strides_;
  std::int64_t count_ = 1;
  bool per_sample_ = false;
};

/// 1 − above·I / (both·I + target·T + prediction·P + epsilon), of I = Σ tp, T = Σ t, P = Σ p.
struct Quotient {
  double above = 2.0;
  double both = 0.0;
  double target = 1.0;
  double prediction = 1.0;

  explicit Quotient(const LossAttributes& attributes) {
    if (attributes.kind == ops::LossKind::kDice) return;
    const double alpha = attributes.alpha.empty() ? 0.5 : attributes.alpha[0];
    above = 1.0;
    both = 1.0 - alpha - attributes.beta;
    target = alpha;
    prediction = attributes.beta;
  }
};

struct Sums {
  double both = 0.0;
  double target = 0.0;
  double prediction = 0.0;
};

template <class T>
class Overlap {
 public:
  explicit Overlap(const KernelContext& context)
      : attributes_(context.attributes<LossAttributes>()),
        quotient_(attributes_),
        groups_(context.input_shape(0), attributes_.axis),
        samples_(context.input_shape(0)[0]),
        weights_(context.input<T>(2)),
        sums_(static_cast<std::size_t>(groups_.count())) {
    const T* prediction = context.input<T>(0);
    const T* target = context.input<T>(1);
    for (std::int64_t i = 0; i < context.input_size(0); ++i) {
      Sums& sums = sums_[groups_.of(i)];
      sums.both += static_cast<double>(prediction[i]) * static_cast<double>(target[i]);
      sums.target += static_cast<double>(target[i]);
      sums.prediction += static_cast<double>(prediction[i]);
    }
  }

  std::size_t count() const { return sums_.size(); }
  std::size_t group_of(std::int64_t element) const { return groups_.of(element); }

  double value(std::size_t group) const {
    return 1.0 - quotient_.above * sums_[group].both / below(group);
  }
  /// The slope of value(group) by a prediction whose target is `target`.
  double slope(std::size_t group, double target) const {
    const double divisor = below(group);
    return -quotient_.above * target / divisor +
           quotient_.above * sums_[group].both * (quotient_.both * target + quotient_.prediction) /
               (divisor * divisor);
  }
  /// What value(group) is multiplied with in the total.
  double scale(std::size_t group) const {
    return attributes_.weight * weight_of(group) / divisor();
  }

 private:
  double below(std::size_t group) const {
    const Sums& sums = sums_[group];
    return quotient_.both * sums.both + quotient_.target * sums.target +
           quotient_.prediction * sums.prediction + kEpsilon;
  }
  double weight(std::int64_t sample) const {
    return weights_ == nullptr ? 1.0 : static_cast<double>(weights_[sample]);
  }
  double sum_of_weights() const {
    double sum = 0.0;
    for (std::int64_t i = 0; i < samples_; ++i) sum += weight(i);
    return sum;
  }
  /// Sums over all samples have the weight of all: their mean, and in a sum their sum.
  double weight_of(std::size_t group) const {
    if (groups_.per_sample()) return weight(groups_.sample_of(group));
    if (weights_ == nullptr || attributes_.reduction == LossReduction::kMeanWithSampleWeight) {
      return 1.0;
    }
    const double sum = sum_of_weights();
    return attributes_.reduction == LossReduction::kSum ? sum : sum / static_cast<double>(samples_);
  }
  double divisor() const {
    const auto count = static_cast<double>(sums_.size());
    if (attributes_.reduction == LossReduction::kSum) return 1.0;
    if (attributes_.reduction == LossReduction::kSumOverBatchSize || !groups_.per_sample()) {
      return count;
    }
    return std::max(sum_of_weights() * count / static_cast<double>(samples_), 1e-300);
  }

  const LossAttributes& attributes_;
  Quotient quotient_;
  Groups groups_;
  std::int64_t samples_;
  const T* weights_;
  std::vector<Sums> sums_;
};

}  // namespace

template <class T>
void overlap_loss(const KernelContext& context) {
  const Overlap<T> overlap(context);
  if (T* each = context.output<T>(1)) {
    const std::int64_t classes = context.input_shape(0).dim(-1);
    for (std::int64_t row = 0; row < context.input_size(0) / classes; ++row) {
      double sum = 0.0;
      for (std::int64_t c = 0; c < classes; ++c) {
        sum += overlap.value(overlap.group_of(row * classes + c));
      }
      each[row] = static_cast<T>(sum / static_cast<double>(classes));
    }
  }
  double total = 0.0;
  for (std::size_t group = 0; group < overlap.count(); ++group) {
    total += overlap.scale(group) * overlap.value(group);
  }
  if (T* out = context.output<T>(0)) *out = static_cast<T>(total);
}

template <class T>
void overlap_loss_backward(const KernelContext& context) {
  const Overlap<T> overlap(context);
  const auto dtotal = static_cast<double>(context.input<T>(3)[0]);
  const T* target = context.input<T>(1);
  T* dprediction = context.output<T>(0);
  for (std::int64_t i = 0; i < context.input_size(0); ++i) {
    const std::size_t group = overlap.group_of(i);
    dprediction[i] = static_cast<T>(dtotal * overlap.scale(group) *
                                    overlap.slope(group, static_cast<double>(target[i])));
  }
}

template void overlap_loss<float>(const KernelContext&);
template void overlap_loss<double>(const KernelContext&);
template void overlap_loss_backward<float>(const KernelContext&);
template void overlap_loss_backward<double>(const KernelContext&);

}  // namespace tenon::backend::reference
