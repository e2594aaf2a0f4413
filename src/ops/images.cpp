#include <fmt/format.h>

#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

/// The factors, checked against the image (port 0) that has them for each spatial axis.
const PerAxis& checked_size(const InferContext& context, std::string_view axes) {
  constexpr std::int64_t kLargestSize = std::int64_t{1} << 20;
  const auto& attributes = attributes_of<UpSamplingAttributes>(context);
  require_image(context, 0, axes);
  require_per_axis(context, "size", attributes.size, spatial_axes(input_shape(context, 0)));
  for (const std::int64_t factor : attributes.size) {
    if (factor >= 1 && factor <= kLargestSize) continue;
    fail_attribute(context, fmt::format("the size is ({}), expected 1 or more",
                                        fmt::join(attributes.size, ", ")));
  }
  if (attributes.bilinear && attributes.size.size() != 2) {
    fail_attribute(context, "bilinear is of images, and this is a volume; use nearest");
  }
  return attributes.size;
}

void infer_forward(InferContext& context) {
  const PerAxis& size = checked_size(context, "(N, [D,] H, W, C)");
  const DType dtype = require_one_floating_dtype(context);
  Shape y = input_shape(context, 0);
  for (std::size_t axis = 0; axis < size.size(); ++axis) y[axis + 1] *= size[axis];
  set_output(context, 0, dtype, std::move(y));
}

void infer_backward(InferContext& context) {
  const PerAxis& size = checked_size(context, "(N, [D·sd,] H·sh, W·sw, C)");
  const DType dtype = require_one_floating_dtype(context);
  Shape dx = input_shape(context, 0);
  for (std::size_t axis = 0; axis < size.size(); ++axis) {
    std::int64_t& length = dx[axis + 1];
    if (length % size[axis] != 0) {
      fail_shape(context, fmt::format("the {} is {}, which is no multiple of {}",
                                      spatial_axis_name(axis, size.size()), length, size[axis]));
    }
    length /= size[axis];
  }
  set_output(context, 0, dtype, std::move(dx));
}

std::vector<ValueId> forward_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  return {builder.apply(OpKind::kUpSamplingBackward, node.attributes, {output_gradients[0]},
                        gradient_name(node))};
}

/// Bilinear weighs four neighbours per element of the larger image; nearest copies or adds one.
double operations(const Program& program, const Node& node) {
  const bool forward = node.kind == OpKind::kUpSampling;
  const bool bilinear = attributes_of<UpSamplingAttributes>(node).bilinear;
  const Shape& larger = program.value(forward ? node.outputs[0] : node.inputs[0]).shape;
  const double each = bilinear ? 8.0 : (forward ? 0.0 : 1.0);
  return each * static_cast<double>(larger.element_count());
}

}  // namespace

std::vector<Descriptor> image_descriptors() {
  return {
      {.kind = OpKind::kUpSampling,
       .name = "up_sampling",
       .inputs = {{"x"}},
       .outputs = {{"y"}},
       .infer = infer_forward,
       .gradient = forward_gradient,
       .floating_point_operations = operations},
      {.kind = OpKind::kUpSamplingBackward,
       .name = "up_sampling_backward",
       .inputs = {{"dy"}},
       .outputs = {{"dx"}},
       .infer = infer_backward,
       .floating_point_operations = operations},
  };
}

}  // namespace tenon::ops
