#include <algorithm>
#include <cmath>
#include <numbers>

#include "backend/reference/kernel.hpp"

namespace tenon::backend::reference {
namespace {

using ops::ActivationAttributes;
using ops::ActivationKind;

// Klambauer et al., "Self-normalizing neural networks", 2017; the digits that Keras uses.
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;
// Hendrycks and Gimpel, "Gaussian error linear units", 2016: the cubic term of the approximation.
constexpr double kGeluCubic = 0.044715;

template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

/// log(1 + eˣ) without overflow.
template <class T>
T softplus(T x) {
  return std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}

/// Keras's ReLU: x above the threshold, 0 or a slope below it, never more than max_value.
template <class T>
T relu(const ActivationAttributes& a, T x) {
  const T threshold = static_cast<T>(a.threshold);
  if (x <= threshold) {
    return a.beta == 0.0F ? T(0) : static_cast<T>(a.beta) * (x - threshold);
  }
  return a.has_max_value ? std::min(std::max(x, T(0)), static_cast<T>(a.max_value)) : x;
}
/// From x; or, without a threshold, from y.
template <class T>
T relu_slope(const ActivationAttributes& a, T x) {
  if (x <= static_cast<T>(a.threshold)) {
    return static_cast<T>(a.beta);
  }
  return a.has_max_value && (x >= static_cast<T>(a.max_value) || x < T(0)) ? T(0) : T(1);
}

template <class T>
T gelu(T x) {
  return x / 2 * (1 + std::erf(x / std::numbers::sqrt2_v<T>));
}
template <class T>
T gelu_slope(T x) {
  const T cumulative = (1 + std::erf(x / std::numbers::sqrt2_v<T>)) / 2;
  const T density = std::exp(-x * x / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
  return cumulative + x * density;
}

template <class T>
T gelu_tanh_argument(T x) {
  const T scale = std::numbers::sqrt2_v<T> * std::numbers::inv_sqrtpi_v<T>;  // √(2/π)
  return scale * (x + static_cast<T>(kGeluCubic) * x * x * x);
}
template <class T>
T gelu_tanh_slope(T x) {
  const T scale = std::numbers::sqrt2_v<T> * std::numbers::inv_sqrtpi_v<T>;
  const T tangent = std::tanh(gelu_tanh_argument(x));
  const T inner = scale * (1 + 3 * static_cast<T>(kGeluCubic) * x * x);
  return (1 + tangent) / 2 + x / 2 * (1 - tangent * tangent) * inner;
}

template <class T>
T hard_sigmoid(T x) {
  return std::min(std::max(x + 3, T(0)), T(6)) / 6;
}
template <class T>
T hard_sigmoid_slope(T x) {
  return x > T(-3) && x < T(3) ? T(1) / 6 : T(0);
}

template <class T>
T mish_slope(T x) {
  const T tangent = std::tanh(softplus(x));
  return tangent + x * (1 - tangent * tangent) * sigmoid(x);
}

/// y[i] = f(x[i]), or dx[i] = dy[i] · f(x[i]).
template <class T, class Function>
void apply(const KernelContext& context, Function function) {
  const T* x = context.input<T>(0);
  const T* dy = context.input<T>(1);
  T* y = context.output<T>(0);
  for (std::int64_t i = 0; i < context.output_size(0); ++i) {
    y[i] = dy != nullptr ? dy[i] * function(x[i]) : function(x[i]);
  }
}

template <class T>
void activation(const KernelContext& context) {
  const auto& a = context.attributes<ActivationAttributes>();
  const T alpha = static_cast<T>(a.alpha);
  const T slope = static_cast<T>(a.beta);
  switch (a.kind) {
    case ActivationKind::kLinear:
      return apply<T>(context, [](T x) { return x; });
    case ActivationKind::kRelu:
      return apply<T>(context, [&a](T x) { return relu(a, x); });
    case ActivationKind::kLeakyRelu:
      return apply<T>(context, [=](T x) { return x > 0 ? x : slope * x; });
    case ActivationKind::kSigmoid:
      return apply<T>(context, [](T x) { return sigmoid(x); });
    case ActivationKind::kTanh:
      return apply<T>(context, [](T x) { return std::tanh(x); });
    case ActivationKind::kElu:
      return apply<T>(context, [=](T x) { return x > 0 ? x : alpha * std::expm1(x); });
    case ActivationKind::kSelu:
      return apply<T>(context, [](T x) {
        return static_cast<T>(kSeluScale) *
               (x > 0 ? x : static_cast<T>(kSeluAlpha) * std::expm1(x));
      });
    case ActivationKind::kGelu:
      return apply<T>(context, [](T x) { return gelu(x); });
    case ActivationKind::kGeluTanh:
      return apply<T>(context, [](T x) { return x / 2 * (1 + std::tanh(gelu_tanh_argument(x))); });
    case ActivationKind::kSilu:
      return apply<T>(context, [](T x) { return x * sigmoid(x); });
    case ActivationKind::kSoftplus:
      return apply<T>(context, [](T x) { return softplus(x); });
    case ActivationKind::kSoftsign:
      return apply<T>(context, [](T x) { return x / (1 + std::abs(x)); });
    case ActivationKind::kExponential:
      return apply<T>(context, [](T x) { return std::exp(x); });
    case ActivationKind::kHardSigmoid:
      return apply<T>(context, [](T x) { return hard_sigmoid(x); });
    case ActivationKind::kHardSilu:
      return apply<T>(context, [](T x) { return x * hard_sigmoid(x); });
    case ActivationKind::kMish:
      return apply<T>(context, [](T x) { return x * std::tanh(softplus(x)); });
    case ActivationKind::kLogSigmoid:
      return apply<T>(context, [](T x) { return -softplus(-x); });
  }
}

/// Kinds whose slope is computed from y = f(x) (activation_uses_output).
template <class T>
void backward_from_output(const KernelContext& context, const ActivationAttributes& a) {
  const T alpha = static_cast<T>(a.alpha);
  const T slope = static_cast<T>(a.beta);
  switch (a.kind) {
    case ActivationKind::kRelu:
      return apply<T>(context, [&a](T y) { return relu_slope(a, y); });
    case ActivationKind::kLeakyRelu:
      return apply<T>(context, [=](T y) { return y > 0 ? T(1) : slope; });
    case ActivationKind::kSigmoid:
      return apply<T>(context, [](T y) { return y * (1 - y); });
    case ActivationKind::kTanh:
      return apply<T>(context, [](T y) { return 1 - y * y; });
    case ActivationKind::kElu:
      return apply<T>(context, [=](T y) { return y > 0 ? T(1) : y + alpha; });
    case ActivationKind::kSelu:
      return apply<T>(context, [](T y) {
        const T scale = static_cast<T>(kSeluScale);
        return y > 0 ? scale : y + scale * static_cast<T>(kSeluAlpha);
      });
    case ActivationKind::kExponential:
      return apply<T>(context, [](T y) { return y; });
    default:
      return apply<T>(context, [](T) { return T(1); });  // linear
  }
}

template <class T>
void backward_from_input(const KernelContext& context, const ActivationAttributes& a) {
  const T alpha = static_cast<T>(a.alpha);
  const T slope = static_cast<T>(a.beta);
  switch (a.kind) {
    case ActivationKind::kRelu:
      return apply<T>(context, [&a](T x) { return relu_slope(a, x); });
    case ActivationKind::kLeakyRelu:
      return apply<T>(context, [=](T x) { return x > 0 ? T(1) : slope; });
    case ActivationKind::kElu:
      return apply<T>(context, [=](T x) { return x > 0 ? T(1) : alpha * std::exp(x); });
    case ActivationKind::kGelu:
      return apply<T>(context, [](T x) { return gelu_slope(x); });
    case ActivationKind::kGeluTanh:
      return apply<T>(context, [](T x) { return gelu_tanh_slope(x); });
    case ActivationKind::kSilu:
      return apply<T>(context, [](T x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); });
    case ActivationKind::kSoftplus:
      return apply<T>(context, [](T x) { return sigmoid(x); });
    case ActivationKind::kSoftsign:
      return apply<T>(context, [](T x) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); });
    case ActivationKind::kHardSigmoid:
      return apply<T>(context, [](T x) { return hard_sigmoid_slope(x); });
    case ActivationKind::kHardSilu:
      return apply<T>(context, [](T x) { return hard_sigmoid(x) + x * hard_sigmoid_slope(x); });
    case ActivationKind::kMish:
      return apply<T>(context, [](T x) { return mish_slope(x); });
    case ActivationKind::kLogSigmoid:
      return apply<T>(context, [](T x) { return sigmoid(-x); });
    default:
      return backward_from_output<T>(context, a);
  }
}

template <class T>
void activation_backward(const KernelContext& context) {
  const auto& a = context.attributes<ActivationAttributes>();
  if (ops::activation_uses_output(a)) {
    backward_from_output<T>(context, a);
  } else {
    backward_from_input<T>(context, a);
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kActivation, activation<float>, activation<double>},
    {ops::OpKind::kActivationBackward, activation_backward<float>, activation_backward<double>},
};

}  // namespace

std::span<const KernelEntry> activation_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
