#include <fmt/format.h>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

const std::array<std::int64_t, 2>& size_of_attributes(const InferContext& context) {
  constexpr std::int64_t kLargestSize = std::int64_t{1} << 20;
  const auto& size = attributes_of<UpSamplingAttributes>(context).size;
  if (size[0] < 1 || size[1] < 1 || size[0] > kLargestSize || size[1] > kLargestSize) {
    fail_attribute(context,
                   fmt::format("the size is ({}, {}), expected 1 or more", size[0], size[1]));
  }
  return size;
}

void infer_forward(InferContext& context) {
  const auto& size = size_of_attributes(context);
  require_rank(context, 0, 4, "(N, H, W, C)");
  const DType dtype = require_one_floating_dtype(context);
  const Shape& x = input_shape(context, 0);
  set_output(context, 0, dtype, {x[0], x[1] * size[0], x[2] * size[1], x[3]});
}

void infer_backward(InferContext& context) {
  const auto& size = size_of_attributes(context);
  require_rank(context, 0, 4, "(N, H·sh, W·sw, C)");
  const DType dtype = require_one_floating_dtype(context);
  const Shape& dy = input_shape(context, 0);
  if (dy[1] % size[0] != 0 || dy[2] % size[1] != 0) {
    fail_shape(context,
               fmt::format("height and width are no multiples of ({}, {})", size[0], size[1]));
  }
  set_output(context, 0, dtype, {dy[0], dy[1] / size[0], dy[2] / size[1], dy[3]});
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
