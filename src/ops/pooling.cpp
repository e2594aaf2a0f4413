#include <fmt/format.h>

#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"
#include "tenon/error.hpp"

namespace tenon::ops {
namespace {

constexpr std::string_view kImageAxes = "(N, [D,] H, W, C)";

void require_image_in_window(const InferContext& context, const PoolingAttributes& attributes,
                             std::size_t axis, std::string_view name) {
  const std::int64_t before = attributes.pad_before[axis];
  const std::int64_t after = attributes.pad_after[axis];
  const std::int64_t window = attributes.window[axis];
  if (before < window && after < window) return;
  fail_attribute(context, fmt::format("the padding of the {} ({} and {}) leaves a window of {} "
                                      "with nothing but padding",
                                      name, before, after, window));
}

Shape pooled_shape(const InferContext& context, const PoolingAttributes& attributes,
                   const Shape& x) {
  const std::size_t axes = spatial_axes(x);
  require_per_axis(context, "window", attributes.window, axes);
  require_per_axis(context, "strides", attributes.strides, axes);
  require_per_axis(context, "pad_before", attributes.pad_before, axes);
  require_per_axis(context, "pad_after", attributes.pad_after, axes);
  std::vector<std::int64_t> y = {x[0]};
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::string_view name = spatial_axis_name(axis, axes);
    require_image_in_window(context, attributes, axis, name);
    y.push_back(window_count(context, {.axis = name,
                                       .input = x[axis + 1],
                                       .size = attributes.window[axis],
                                       .stride = attributes.strides[axis],
                                       .pad_before = attributes.pad_before[axis],
                                       .pad_after = attributes.pad_after[axis]}));
  }
  y.push_back(x.dim(-1));
  return Shape(std::move(y));
}

void infer_forward(InferContext& context) {
  const auto& attributes = attributes_of<PoolingAttributes>(context);
  require_image(context, 0, kImageAxes);
  const DType dtype = require_one_floating_dtype(context);
  set_output(context, 0, dtype, pooled_shape(context, attributes, input_shape(context, 0)));
}

void infer_maximum_backward(InferContext& context) {
  const auto& attributes = attributes_of<PoolingAttributes>(context);
  require_image(context, 0, kImageAxes);
  const DType dtype = require_one_floating_dtype(context);
  const Shape& x = input_shape(context, 0);
  const Shape y = pooled_shape(context, attributes, x);
  require_input_shape(context, 1, y);
  require_input_shape(context, 3, y);
  set_output(context, 0, dtype, x);
}

void infer_average_backward(InferContext& context) {
  const auto& attributes = attributes_of<PoolingAttributes>(context);
  require_image(context, 0, "(N, [OD,] OH, OW, C)");
  const DType dtype = require_one_floating_dtype(context);
  const Shape& dx = attributes.input_shape;
  if (dx.rank() != input_shape(context, 0).rank()) {
    fail_attribute(context, fmt::format("input_shape is {}, expected as many axes as dy's: {}",
                                        dx.to_string(), kImageAxes));
  }
  require_input_shape(context, 0, pooled_shape(context, attributes, dx));
  set_output(context, 0, dtype, dx);
}

PoolingAttributes with_input_shape(PoolingAttributes attributes, const Shape& shape) {
  attributes.input_shape = shape;
  return attributes;
}

std::vector<ValueId> maximum_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  const ValueId x = node.inputs[0];
  if (node.outputs[1] == kNoValue) {
    throw ModelError(make_diagnostic(
        "M001", fmt::format("{} (max_pooling): its gradient needs the output workspace, which "
                            "was left out; build the program for training with it",
                            node.name)));
  }
  const auto& attributes = attributes_of<PoolingAttributes>(node);
  return {builder.apply(OpKind::kMaxPoolingBackward, with_input_shape(attributes, builder.shape(x)),
                        {x, node.outputs[0], node.outputs[1], output_gradients[0]},
                        gradient_name(node))};
}

std::vector<ValueId> average_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  const auto& attributes = attributes_of<PoolingAttributes>(node);
  return {builder.apply(OpKind::kAveragePoolingBackward,
                        with_input_shape(attributes, builder.shape(node.inputs[0])),
                        {output_gradients[0]}, gradient_name(node))};
}

/// One for each element of each window.
double window_operations(const Node& node, const Shape& y) {
  const auto& attributes = attributes_of<PoolingAttributes>(node);
  auto operations = static_cast<double>(y.element_count());
  for (const std::int64_t size : attributes.window) operations *= static_cast<double>(size);
  return operations;
}
double forward_operations(const Program& program, const Node& node) {
  return window_operations(node, program.value(node.outputs[0]).shape);
}
double backward_operations(const Program& program, const Node& node) {
  return window_operations(node, program.value(node.inputs.back()).shape);
}

}  // namespace

std::vector<Descriptor> pooling_descriptors() {
  return {
      {.kind = OpKind::kMaxPooling,
       .name = "max_pooling",
       .inputs = {{"x"}},
       .outputs = {{"y"}, {.name = "workspace", .optional = true, .opaque = true}},
       .infer = infer_forward,
       .gradient = maximum_gradient,
       .floating_point_operations = forward_operations},
      {.kind = OpKind::kMaxPoolingBackward,
       .name = "max_pooling_backward",
       .inputs = {{"x"}, {"y"}, {.name = "workspace", .opaque = true}, {"dy"}},
       .outputs = {{"dx"}},
       .infer = infer_maximum_backward,
       .floating_point_operations = backward_operations},
      {.kind = OpKind::kAveragePooling,
       .name = "average_pooling",
       .inputs = {{"x"}},
       .outputs = {{"y"}},
       .infer = infer_forward,
       .gradient = average_gradient,
       .floating_point_operations = forward_operations},
      {.kind = OpKind::kAveragePoolingBackward,
       .name = "average_pooling_backward",
       .inputs = {{"dy"}},
       .outputs = {{"dx"}},
       .infer = infer_average_backward,
       .floating_point_operations = backward_operations},
  };
}

}  // namespace tenon::ops
