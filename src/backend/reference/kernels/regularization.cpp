#include <cmath>

#include "backend/api/dropout_mask.hpp"
#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

/// y = x · scale where the mask keeps; the mask is broadcast where it is shared between elements.
template <class T>
void apply_mask(const KernelContext& context, const Buffer& mask) {
  const double rate = context.attributes<ops::DropoutAttributes>().rate;
  const T scale = static_cast<T>(1.0 / (1.0 - rate));
  const T* x = context.input<T>(0);
  T* y = context.output<T>(0);
  const auto* kept = reinterpret_cast<const std::uint8_t*>(mask.data);
  const Shape& shape = context.output_shape(0);
  auto visit = [&](const std::array<std::int64_t, 2>& at) {
    y[at[0]] = kept[at[1]] != 0 ? x[at[0]] * scale : T(0);
  };
  for_each_index<2>(shape, {strides_of(shape), broadcast_strides(mask.shape, shape)}, visit);
}

template <class T>
void dropout(const KernelContext& context) {
  const auto& attributes = context.attributes<ops::DropoutAttributes>();
  const StepNumbers& numbers = context.numbers();
  const auto key = dropout_key(numbers.seed, attributes.seed, numbers.iteration, attributes.stream);
  fill_dropout_mask(
      {context.output<std::uint8_t>(1), static_cast<std::size_t>(context.output_size(1))},
      attributes.rate, key, 0, numbers.rows, context.output_shape(1));
  apply_mask<T>(context, context.output_buffer(1));
}

template <class T>
void dropout_backward(const KernelContext& context) {
  apply_mask<T>(context, context.input_buffer(1));
}

template <class T>
T sign(T value) {
  return value > 0 ? T(1) : value < 0 ? T(-1) : T(0);
}

template <class T>
void l1_l2_penalty(const KernelContext& context) {
  const auto& attributes = context.attributes<ops::PenaltyAttributes>();
  const T* w = context.input<T>(0);
  double absolute = 0.0;
  double squared = 0.0;
  for (std::int64_t i = 0; i < context.input_size(0); ++i) {
    absolute += static_cast<double>(std::abs(w[i]));
    squared += static_cast<double>(w[i] * w[i]);
  }
  context.output<T>(0)[0] = static_cast<T>(attributes.l1 * absolute + attributes.l2 * squared);
}

template <class T>
void l1_l2_penalty_backward(const KernelContext& context) {
  const auto& attributes = context.attributes<ops::PenaltyAttributes>();
  const T l1 = static_cast<T>(attributes.l1);
  const T l2 = static_cast<T>(attributes.l2);
  const T* w = context.input<T>(0);
  const T dscalar = context.input<T>(1)[0];
  T* dw = context.output<T>(0);
  for (std::int64_t i = 0; i < context.output_size(0); ++i) {
    dw[i] = dscalar * (l1 * sign(w[i]) + 2 * l2 * w[i]);
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kDropout, dropout<float>, dropout<double>},
    {ops::OpKind::kDropoutBackward, dropout_backward<float>, dropout_backward<double>},
    {ops::OpKind::kL1L2Penalty, l1_l2_penalty<float>, l1_l2_penalty<double>},
    {ops::OpKind::kL1L2PenaltyBackward, l1_l2_penalty_backward<float>,
     l1_l2_penalty_backward<double>},
};

}  // namespace

std::span<const KernelEntry> regularization_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
