#include <algorithm>

#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

/// One convolution y = x ∗ kernel, whichever of the three is being computed.
struct Geometry {
  ImageSize x;
  ImageSize y;
  Window window;
  std::int64_t groups;
  std::int64_t group_inputs;
  std::int64_t group_outputs;

  Geometry(const Shape& x_shape, const Shape& kernel, const Shape& y_shape,
           const ops::ConvolutionAttributes& attributes)
      : x(x_shape),
        y(y_shape),
        window{with_depth(kernel_axes(kernel), 1), with_depth(attributes.strides, 1),
               with_depth(attributes.dilation, 1), with_depth(attributes.pad_before, 0)},
        groups(attributes.groups),
        group_inputs(kernel.dim(-2)),
        group_outputs(kernel.dim(-1) / attributes.groups) {}
};

/// Calls visit(offset in x, offset in the kernel, offset in y): there, one channel of x meets
/// `group_outputs` consecutive filters.
template <class Visit>
void for_each_product(const Geometry& geometry, Visit visit) {
  const std::int64_t tap_size = geometry.group_inputs * geometry.y.channels;
  for_each_tap(geometry.x, geometry.y, geometry.window, [&](const Tap& tap) {
    for (std::int64_t group = 0; group < geometry.groups; ++group) {
      const std::int64_t at_filter = group * geometry.group_outputs;
      for (std::int64_t channel = 0; channel < geometry.group_inputs; ++channel) {
        visit(tap.x + group * geometry.group_inputs + channel,
              tap.index * tap_size + channel * geometry.y.channels + at_filter, tap.y + at_filter);
      }
    }
  });
}

template <class T>
void convolution(const KernelContext& context) {
  const Geometry geometry(context.input_shape(0), context.input_shape(1), context.output_shape(0),
                          context.attributes<ops::ConvolutionAttributes>());
  const T* x = context.input<T>(0);
  const T* kernel = context.input<T>(1);
  const T* bias = context.input<T>(2);
  T* y = context.output<T>(0);
  for (std::int64_t i = 0; i < context.output_size(0); ++i) {
    y[i] = bias != nullptr ? bias[i % geometry.y.channels] : T(0);
  }
  for_each_product(geometry, [&](std::int64_t at_x, std::int64_t at_kernel, std::int64_t at_y) {
    add_scaled(x[at_x], kernel + at_kernel, y + at_y, geometry.group_outputs);
  });
}

template <class T>
void convolution_backward_data(const KernelContext& context) {
  const Geometry geometry(context.output_shape(0), context.input_shape(1), context.input_shape(0),
                          context.attributes<ops::ConvolutionAttributes>());
  const T* dy = context.input<T>(0);
  const T* kernel = context.input<T>(1);
  T* dx = context.output<T>(0);
  std::fill_n(dx, context.output_size(0), T(0));
  for_each_product(geometry, [&](std::int64_t at_x, std::int64_t at_kernel, std::int64_t at_y) {
    dx[at_x] += inner_product(kernel + at_kernel, dy + at_y, geometry.group_outputs);
  });
}

template <class T>
void convolution_backward_weights(const KernelContext& context) {
  const auto& attributes = context.attributes<ops::ConvolutionAttributes>();
  const Geometry geometry(context.input_shape(0), attributes.kernel_shape, context.input_shape(1),
                          attributes);
  const T* x = context.input<T>(0);
  const T* dy = context.input<T>(1);
  if (T* dkernel = context.output<T>(0)) {
    std::fill_n(dkernel, context.output_size(0), T(0));
    for_each_product(geometry, [&](std::int64_t at_x, std::int64_t at_kernel, std::int64_t at_y) {
      add_scaled(x[at_x], dy + at_y, dkernel + at_kernel, geometry.group_outputs);
    });
  }
  if (T* dbias = context.output<T>(1)) {
    const std::int64_t filters = geometry.y.channels;
    sum_over_rows(
        context.input_size(1) / filters, filters,
        [&](std::int64_t element, std::int64_t) { return dy[element]; },
        [&](std::int64_t filter, double sum) { dbias[filter] = static_cast<T>(sum); });
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kConvolution, convolution<float>, convolution<double>},
    {ops::OpKind::kConvolutionBackwardData, convolution_backward_data<float>,
     convolution_backward_data<double>},
    {ops::OpKind::kConvolutionBackwardWeights, convolution_backward_weights<float>,
     convolution_backward_weights<double>},
};

}  // namespace

std::span<const KernelEntry> convolution_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
