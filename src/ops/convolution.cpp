#include <fmt/format.h>

#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

constexpr std::string_view kImageAxes = "(N, [D,] H, W, C)";
constexpr std::string_view kGradientAxes = "(N, [OD,] OH, OW, F)";
constexpr std::string_view kKernelAxes = "([depth,] height, width, in / groups, out)";

void require_matching_channels(const InferContext& context, const ConvolutionAttributes& attributes,
                               const Shape& x, const Shape& kernel) {
  const std::int64_t groups = attributes.groups;
  if (groups < 1) fail_attribute(context, fmt::format("groups is {}, expected 1 or more", groups));
  if (x.dim(-1) % groups != 0 || x.dim(-1) / groups != kernel.dim(-2)) {
    fail_shape(context,
               fmt::format("the kernel {} takes {} channels in each of {} groups, the "
                           "image {} has {}",
                           kernel.to_string(), kernel.dim(-2), groups, x.to_string(), x.dim(-1)));
  }
  if (kernel.dim(-1) % groups != 0) {
    fail_shape(context,
               fmt::format("the kernel {} gives {} channels, which {} groups do not divide",
                           kernel.to_string(), kernel.dim(-1), groups));
  }
}

/// (N, [OD,] OH, OW, F) of a convolution of x (N, [D,] H, W, C) with a kernel of as many axes.
Shape convolved_shape(const InferContext& context, const ConvolutionAttributes& attributes,
                      const Shape& x, const Shape& kernel) {
  if (kernel.rank() != x.rank()) {
    fail_shape(context, fmt::format("the kernel {} has {} axes, the image {} has {}",
                                    kernel.to_string(), kernel.rank(), x.to_string(), x.rank()));
  }
  require_matching_channels(context, attributes, x, kernel);
  const std::size_t axes = spatial_axes(x);
  require_per_axis(context, "strides", attributes.strides, axes);
  require_per_axis(context, "dilation", attributes.dilation, axes);
  require_per_axis(context, "pad_before", attributes.pad_before, axes);
  require_per_axis(context, "pad_after", attributes.pad_after, axes);
  std::vector<std::int64_t> y = {x[0]};
  for (std::size_t axis = 0; axis < axes; ++axis) {
    y.push_back(window_count(context, {.axis = spatial_axis_name(axis, axes),
                                       .input = x[axis + 1],
                                       .size = kernel[axis],
                                       .stride = attributes.strides[axis],
                                       .pad_before = attributes.pad_before[axis],
                                       .pad_after = attributes.pad_after[axis],
                                       .dilation = attributes.dilation[axis]}));
  }
  y.push_back(kernel.dim(-1));
  return Shape(std::move(y));
}

void infer_forward(InferContext& context) {
  const auto& attributes = attributes_of<ConvolutionAttributes>(context);
  require_image(context, 0, kImageAxes);
  require_image(context, 1, kKernelAxes);
  const DType dtype = require_one_floating_dtype(context);
  const Shape& kernel = input_shape(context, 1);
  Shape y = convolved_shape(context, attributes, input_shape(context, 0), kernel);
  if (has_input(context, 2)) require_input_shape(context, 2, Shape{kernel.dim(-1)});
  set_output(context, 0, dtype, std::move(y));
}

void require_gradient_shape(const InferContext& context, const Shape& dy, const Shape& expected) {
  if (dy == expected) return;
  fail_shape(context, fmt::format("dy has the shape {}, the convolution gives {}", dy.to_string(),
                                  expected.to_string()));
}

void infer_backward_data(InferContext& context) {
  const auto& attributes = attributes_of<ConvolutionAttributes>(context);
  require_image(context, 0, kGradientAxes);
  require_image(context, 1, kKernelAxes);
  const DType dtype = require_one_floating_dtype(context);
  const Shape& dx = attributes.input_shape;
  if (dx.rank() != input_shape(context, 0).rank()) {
    fail_attribute(context, fmt::format("input_shape is {}, expected as many axes as dy's: {}",
                                        dx.to_string(), kImageAxes));
  }
  require_gradient_shape(context, input_shape(context, 0),
                         convolved_shape(context, attributes, dx, input_shape(context, 1)));
  set_output(context, 0, dtype, dx);
}

void infer_backward_weights(InferContext& context) {
  const auto& attributes = attributes_of<ConvolutionAttributes>(context);
  require_image(context, 0, kImageAxes);
  require_image(context, 1, kGradientAxes);
  const DType dtype = require_one_floating_dtype(context);
  const Shape& kernel = attributes.kernel_shape;
  if (kernel.rank() != input_shape(context, 0).rank()) {
    fail_attribute(context, fmt::format("kernel_shape is {}, expected as many axes as x's: {}",
                                        kernel.to_string(), kKernelAxes));
  }
  require_gradient_shape(context, input_shape(context, 1),
                         convolved_shape(context, attributes, input_shape(context, 0), kernel));
  set_output(context, 0, dtype, kernel);
  set_output(context, 1, dtype, Shape{kernel.dim(-1)});
}

ConvolutionAttributes with_input_shape(ConvolutionAttributes attributes, const Shape& shape) {
  attributes.input_shape = shape;
  return attributes;
}
ConvolutionAttributes with_kernel_shape(ConvolutionAttributes attributes, const Shape& shape) {
  attributes.kernel_shape = shape;
  return attributes;
}

std::vector<ValueId> forward_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& wanted) {
  const auto& attributes = attributes_of<ConvolutionAttributes>(node);
  const ValueId x = node.inputs[0];
  const ValueId kernel = node.inputs[1];
  const ValueId dy = output_gradients[0];
  std::vector<ValueId> gradients(3, kNoValue);
  if (wanted[0]) {
    gradients[0] = builder.apply(OpKind::kConvolutionBackwardData,
                                 with_input_shape(attributes, builder.shape(x)), {dy, kernel},
                                 gradient_name(node));
  }
  if (wanted[1]) {
    const std::vector<ValueId> made = builder.append(
        OpKind::kConvolutionBackwardWeights, with_kernel_shape(attributes, builder.shape(kernel)),
        {x, dy}, gradient_name(node), {true, wanted[2]});
    gradients[1] = made[0];
    gradients[2] = made[1];
  } else if (wanted[2]) {
    gradients[2] = builder.apply(OpKind::kReduceSum, ShapeAttributes{builder.shape(node.inputs[2])},
                                 {dy}, gradient_name(node));
  }
  return gradients;
}

/// Backward data is also the forward of a transposed convolution: dy is its input, dx its output.
std::vector<ValueId> backward_data_gradient(Builder& builder, const Node& node,
                                            const std::vector<ValueId>& output_gradients,
                                            const std::vector<bool>& wanted) {
  const auto& attributes = attributes_of<ConvolutionAttributes>(node);
  const ValueId input = node.inputs[0];
  const ValueId kernel = node.inputs[1];
  const ValueId gradient = output_gradients[0];
  std::vector<ValueId> gradients(2, kNoValue);
  if (wanted[0]) {
    gradients[0] =
        builder.apply(OpKind::kConvolution, attributes, {gradient, kernel}, gradient_name(node));
  }
  if (wanted[1]) {
    gradients[1] = builder.append(OpKind::kConvolutionBackwardWeights,
                                  with_kernel_shape(attributes, builder.shape(kernel)),
                                  {gradient, input}, gradient_name(node), {true, false})[0];
  }
  return gradients;
}

/// Two for each multiply-add of the kernel at each place of dy or y.
double multiply_adds(const Shape& kernel, const Shape& y) {
  return 2.0 * static_cast<double>(y.element_count()) *
         static_cast<double>(kernel.element_count() / kernel.dim(-1));
}
double forward_operations(const Program& program, const Node& node) {
  return multiply_adds(program.value(node.inputs[1]).shape, program.value(node.outputs[0]).shape);
}
double backward_data_operations(const Program& program, const Node& node) {
  return multiply_adds(program.value(node.inputs[1]).shape, program.value(node.inputs[0]).shape);
}
double backward_weights_operations(const Program& program, const Node& node) {
  return multiply_adds(program.value(node.outputs[0]).shape, program.value(node.inputs[1]).shape);
}

}  // namespace

std::vector<Descriptor> convolution_descriptors() {
  return {
      {.kind = OpKind::kConvolution,
       .name = "convolution",
       .inputs = {{"x"}, {"kernel"}, {.name = "bias", .optional = true}},
       .outputs = {{"y"}},
       .infer = infer_forward,
       .gradient = forward_gradient,
       .floating_point_operations = forward_operations},
      {.kind = OpKind::kConvolutionBackwardData,
       .name = "convolution_backward_data",
       .inputs = {{"dy"}, {"kernel"}},
       .outputs = {{"dx"}},
       .infer = infer_backward_data,
       .gradient = backward_data_gradient,
       .floating_point_operations = backward_data_operations},
      {.kind = OpKind::kConvolutionBackwardWeights,
       .name = "convolution_backward_weights",
       .inputs = {{"x"}, {"dy"}},
       .outputs = {{"dkernel"}, {.name = "dbias", .optional = true}},
       .infer = infer_backward_weights,
       .floating_point_operations = backward_weights_operations},
  };
}

}  // namespace tenon::ops
