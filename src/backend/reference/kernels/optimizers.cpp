#include <algorithm>
#include <cmath>

#include "backend/reference/kernel.hpp"

namespace tenon::backend::reference {
namespace {

/// What every update sees: the weight, its gradient, and the numbers of the step.
template <class T>
struct Update {
  const ops::OptimizerAttributes& attributes;
  T* w;
  const T* g;
  std::int64_t count;
  T learning_rate;

  explicit Update(const KernelContext& context)
      : attributes(context.attributes<ops::OptimizerAttributes>()),
        w(context.variable<T>(0)),
        g(context.input<T>(1)),
        count(context.input_size(0)),
        learning_rate(static_cast<T>(context.numbers().learning_rate)) {}

  /// Decoupled weight decay comes before the update (Loshchilov and Hutter, 2019; Keras).
  void decay_weights() const {
    const T rate = static_cast<T>(attributes.weight_decay) * learning_rate;
    for (std::int64_t i = 0; i < count && rate != 0; ++i) {
      w[i] -= w[i] * rate;
    }
  }
};

template <class T>
void sgd_update(const KernelContext& context) {
  const Update<T> update(context);
  update.decay_weights();
  const T momentum = static_cast<T>(update.attributes.momentum);
  T* m = context.variable<T>(2);
  for (std::int64_t i = 0; i < update.count; ++i) {
    const T step = update.learning_rate * update.g[i];
    if (m == nullptr) {
      update.w[i] -= step;
      continue;
    }
    m[i] = momentum * m[i] - step;
    update.w[i] += update.attributes.nesterov ? momentum * m[i] - step : m[i];
  }
}

/// Kingma and Ba, "Adam", 2015, in the form at the end of its section 2; AMSGrad after Reddi et
/// al., 2018.
template <class T>
void adam_update(const KernelContext& context) {
  const Update<T> update(context);
  update.decay_weights();
  const auto& attributes = update.attributes;
  const double t = static_cast<double>(context.numbers().updates()) + 1.0;
  const T alpha = static_cast<T>(static_cast<double>(context.numbers().learning_rate) *
                                 std::sqrt(1.0 - std::pow(attributes.beta_2, t)) /
                                 (1.0 - std::pow(attributes.beta_1, t)));
  const T new_m = static_cast<T>(1.0 - attributes.beta_1);
  const T new_v = static_cast<T>(1.0 - attributes.beta_2);
  const T epsilon = static_cast<T>(attributes.epsilon);
  T* m = context.variable<T>(2);
  T* v = context.variable<T>(3);
  T* largest_v = attributes.amsgrad ? context.variable<T>(4) : nullptr;
  for (std::int64_t i = 0; i < update.count; ++i) {
    const T g = update.g[i];
    m[i] += (g - m[i]) * new_m;
    v[i] += (g * g - v[i]) * new_v;
    T second_moment = v[i];
    if (largest_v != nullptr) {
      largest_v[i] = std::max(largest_v[i], v[i]);
      second_moment = largest_v[i];
    }
    update.w[i] -= m[i] * alpha / (std::sqrt(second_moment) + epsilon);
  }
}

/// The slots that are not used (no momentum, not centered) may be absent.
template <class T>
void rmsprop_update(const KernelContext& context) {
  const Update<T> update(context);
  update.decay_weights();
  const auto& attributes = update.attributes;
  const T rho = static_cast<T>(attributes.rho);
  const T momentum = static_cast<T>(attributes.momentum);
  const T epsilon = static_cast<T>(attributes.epsilon);
  T* velocity = context.variable<T>(2);
  T* m = attributes.momentum > 0.0 ? context.variable<T>(3) : nullptr;
  T* average = attributes.centered ? context.variable<T>(4) : nullptr;
  for (std::int64_t i = 0; i < update.count; ++i) {
    const T g = update.g[i];
    velocity[i] = rho * velocity[i] + (1 - rho) * g * g;
    T denominator = velocity[i] + epsilon;
    if (average != nullptr) {
      average[i] = rho * average[i] + (1 - rho) * g;
      denominator -= average[i] * average[i];
    }
    T increment = update.learning_rate * g / std::sqrt(denominator);
    if (m != nullptr) {
      m[i] = momentum * m[i] + increment;
      increment = m[i];
    }
    update.w[i] -= increment;
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kSgdUpdate, sgd_update<float>, sgd_update<double>},
    {ops::OpKind::kAdamUpdate, adam_update<float>, adam_update<double>},
    {ops::OpKind::kRmspropUpdate, rmsprop_update<float>, rmsprop_update<double>},
};

}  // namespace

std::span<const KernelEntry> optimizer_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
