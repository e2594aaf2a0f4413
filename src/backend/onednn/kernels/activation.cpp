#include "backend/onednn/kernels/activation.hpp"

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/vector_math.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::ActivationAttributes;
using ops::ActivationKind;
namespace vm = vector_math;

constexpr float kSeluAlpha = 1.67326324235437728F;
constexpr float kSeluScale = 1.05070098735548049F;
constexpr float kHalfSqrt = 0.70710678118654752F;   // 1 / √2
constexpr float kDensity = 0.39894228040143268F;    // 1 / √(2π)
constexpr float kGeluScale = 0.79788456080286536F;  // √(2/π)
constexpr float kGeluCubic = 0.044715F;

using Forward = void (*)(const ActivationAttributes&, const float*, float*, std::int64_t);
using Backward = void (*)(const ActivationAttributes&, const float*, const float*, float*,
                          std::int64_t);

// Each is one plain function, so that it can be compiled for several instruction sets. `x` is the
// element in `expression`; the attributes are a constant outside of the loop.
#define TENON_FORWARD(name, expression)                                                     \
  TENON_CLONES void name([[maybe_unused]] const ActivationAttributes& a, const float* from, \
                         float* to, std::int64_t count) {                                   \
    [[maybe_unused]] const float alpha = a.alpha, slope = a.beta;                           \
    _Pragma("omp simd") for (std::int64_t i = 0; i < count; ++i) {                          \
      const float x = from[i];                                                              \
      to[i] = expression;                                                                   \
    }                                                                                       \
  }
#define TENON_BACKWARD(name, expression)                                                      \
  TENON_CLONES void name([[maybe_unused]] const ActivationAttributes& a, const float* source, \
                         const float* dy, float* dx, std::int64_t count) {                    \
    [[maybe_unused]] const float alpha = a.alpha, slope = a.beta;                             \
    _Pragma("omp simd") for (std::int64_t i = 0; i < count; ++i) {                            \
      [[maybe_unused]] const float x = source[i];                                             \
      dx[i] = dy[i] * (expression);                                                           \
    }                                                                                         \
  }

TENON_INLINE float hard_sigmoid(float x) {
  const float shifted = x + 3.0F;
  const float low = shifted > 0.0F ? shifted : 0.0F;
  return (low < 6.0F ? low : 6.0F) / 6.0F;
}
TENON_INLINE float hard_slope(float x) { return x > -3.0F && x < 3.0F ? 1.0F / 6.0F : 0.0F; }
TENON_INLINE float gelu_argument(float x) { return kGeluScale * (x + kGeluCubic * x * x * x); }
TENON_INLINE float gelu_tanh_slope(float x) {
  const float tangent = vm::hyperbolic_tangent(gelu_argument(x));
  const float inner = kGeluScale * (1.0F + 3.0F * kGeluCubic * x * x);
  return 0.5F * (1.0F + tangent) + 0.5F * x * (1.0F - tangent * tangent) * inner;
}
TENON_INLINE float silu_slope(float x) {
  const float s = vm::sigmoid(x);
  return s * (1.0F + x * (1.0F - s));
}
TENON_INLINE float softsign_slope(float x) {
  const float d = 1.0F + (x < 0.0F ? -x : x);
  return 1.0F / (d * d);
}
TENON_INLINE float mish_slope(float x) {
  const float tangent = vm::hyperbolic_tangent(vm::softplus(x));
  return tangent + x * (1.0F - tangent * tangent) * vm::sigmoid(x);
}
TENON_INLINE float absolute(float x) { return x < 0.0F ? -x : x; }

TENON_FORWARD(linear, x)
TENON_FORWARD(rectify, x < 0.0F ? (slope == 0.0F ? 0.0F : slope * x) : x)
TENON_FORWARD(sigmoid, vm::sigmoid(x))
TENON_FORWARD(tangent, vm::hyperbolic_tangent(x))
TENON_FORWARD(elu, x > 0.0F ? x : alpha * vm::exponential_minus_1(x))
TENON_FORWARD(selu, kSeluScale*(x > 0.0F ? x : kSeluAlpha * vm::exponential_minus_1(x)))
TENON_FORWARD(gelu, 0.5F * x * (1.0F + vm::error_function(x * kHalfSqrt)))
TENON_FORWARD(gelu_tanh, 0.5F * x * (1.0F + vm::hyperbolic_tangent(gelu_argument(x))))
TENON_FORWARD(silu, x* vm::sigmoid(x))
TENON_FORWARD(softplus, vm::softplus(x))
TENON_FORWARD(softsign, x / (1.0F + absolute(x)))
TENON_FORWARD(exponential, vm::exponential(x))
TENON_FORWARD(hard_sigmoid_all, hard_sigmoid(x))
TENON_FORWARD(hard_silu, x* hard_sigmoid(x))
TENON_FORWARD(mish, x* vm::hyperbolic_tangent(vm::softplus(x)))
TENON_FORWARD(log_sigmoid, -vm::softplus(-x))

TENON_BACKWARD(linear_backward, 1.0F)
TENON_BACKWARD(rectify_backward, x > 0.0F ? 1.0F : slope)
TENON_BACKWARD(sigmoid_backward, x*(1.0F - x))
TENON_BACKWARD(tangent_backward, 1.0F - x * x)
TENON_BACKWARD(elu_backward, x > 0.0F ? 1.0F : x + alpha)
TENON_BACKWARD(elu_backward_from_input, x > 0.0F ? 1.0F : alpha * vm::exponential(x))
TENON_BACKWARD(selu_backward, x > 0.0F ? kSeluScale : x + kSeluScale * kSeluAlpha)
TENON_BACKWARD(gelu_backward, 0.5F * (1.0F + vm::error_function(x * kHalfSqrt)) +
                                  x * kDensity * vm::exponential(-0.5F * x * x))
TENON_BACKWARD(gelu_tanh_backward, gelu_tanh_slope(x))
TENON_BACKWARD(silu_backward, silu_slope(x))
TENON_BACKWARD(softplus_backward, vm::sigmoid(x))
TENON_BACKWARD(softsign_backward, softsign_slope(x))
TENON_BACKWARD(exponential_backward, x)
TENON_BACKWARD(hard_sigmoid_backward, hard_slope(x))
TENON_BACKWARD(hard_silu_backward, hard_sigmoid(x) + x * hard_slope(x))
TENON_BACKWARD(mish_backward, mish_slope(x))
TENON_BACKWARD(log_sigmoid_backward, vm::sigmoid(-x))

// Keras's ReLU with a threshold, a slope below it or a largest value.
TENON_CLONES void general_relu(const ActivationAttributes& a, const float* x, float* y,
                               std::int64_t count) {
  const float threshold = a.threshold;
  const float slope = a.beta;
  const float largest = a.has_max_value ? a.max_value : 3.4028235e38F;
  const float floor = a.has_max_value ? 0.0F : -3.4028235e38F;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = x[i];
    const float low = value > floor ? value : floor;
    const float above = low < largest ? low : largest;
    const float below = slope == 0.0F ? 0.0F : slope * (value - threshold);
    y[i] = value <= threshold ? below : above;
  }
}
TENON_CLONES void general_relu_backward(const ActivationAttributes& a, const float* source,
                                        const float* dy, float* dx, std::int64_t count) {
  const float threshold = a.threshold;
  const float slope = a.beta;
  const float largest = a.has_max_value ? a.max_value : 3.4028235e38F;
  const float floor = a.has_max_value ? 0.0F : -3.4028235e38F;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = source[i];
    const float above = value >= largest || value < floor ? 0.0F : 1.0F;
    dx[i] = dy[i] * (value <= threshold ? slope : above);
  }
}

struct Pair {
  Forward forward;
  Backward backward;
};

Pair functions_of(const ActivationAttributes& a) {
  switch (a.kind) {
    case ActivationKind::kLinear:
      return {linear, linear_backward};
    case ActivationKind::kRelu:
      if (a.threshold != 0.0F || a.has_max_value) return {general_relu, general_relu_backward};
      return {rectify, rectify_backward};
    case ActivationKind::kLeakyRelu:
      return {rectify, rectify_backward};
    case ActivationKind::kSigmoid:
      return {sigmoid, sigmoid_backward};
    case ActivationKind::kTanh:
      return {tangent, tangent_backward};
    case ActivationKind::kElu:
      return {elu, ops::activation_uses_output(a) ? elu_backward : elu_backward_from_input};
    case ActivationKind::kSelu:
      return {selu, selu_backward};
    case ActivationKind::kGelu:
      return {gelu, gelu_backward};
    case ActivationKind::kGeluTanh:
      return {gelu_tanh, gelu_tanh_backward};
    case ActivationKind::kSilu:
      return {silu, silu_backward};
    case ActivationKind::kSoftplus:
      return {softplus, softplus_backward};
    case ActivationKind::kSoftsign:
      return {softsign, softsign_backward};
    case ActivationKind::kExponential:
      return {exponential, exponential_backward};
    case ActivationKind::kHardSigmoid:
      return {hard_sigmoid_all, hard_sigmoid_backward};
    case ActivationKind::kHardSilu:
      return {hard_silu, hard_silu_backward};
    case ActivationKind::kMish:
      return {mish, mish_backward};
    case ActivationKind::kLogSigmoid:
      return {log_sigmoid, log_sigmoid_backward};
  }
  return {linear, linear_backward};
}

}  // namespace

void activation_forward(const ActivationAttributes& attributes, int threads, Numbers x,
                        MutableNumbers y, std::int64_t count) {
  const Forward forward = functions_of(attributes).forward;
  for_floats_parallel<1>(threads, {x}, y, count,
                         [&](const auto& from, float* to, std::int64_t, std::int64_t size) {
                           forward(attributes, from[0], to, size);
                         });
}

void activation_backward(const ActivationAttributes& attributes, int threads, Numbers source,
                         Numbers dy, MutableNumbers dx, std::int64_t count) {
  const Backward backward = functions_of(attributes).backward;
  for_floats_parallel<2>(threads, {source, dy}, dx, count,
                         [&](const auto& from, float* to, std::int64_t, std::int64_t size) {
                           backward(attributes, from[0], from[1], to, size);
                         });
}

bool is_rectifier(const ActivationAttributes& a) noexcept {
  if (!(a.beta >= 0.0F)) return false;
  return a.kind == ActivationKind::kLeakyRelu ||
         (a.kind == ActivationKind::kRelu && a.threshold == 0.0F && !a.has_max_value);
}

float rectifier_slope(const ActivationAttributes& a) noexcept { return a.beta; }

}  // namespace tenon::backend::onednn
