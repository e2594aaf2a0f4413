#include <fmt/format.h>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void require_dropout(const InferContext& context) {
  const auto& attributes = attributes_of<DropoutAttributes>(context);
  if (!(attributes.rate >= 0.0 && attributes.rate < 1.0)) {
    fail_attribute(context, fmt::format("the rate is {}, expected 0 or more and less than 1",
                                        attributes.rate));
  }
  const Shape& noise = attributes.noise_shape;
  if (noise.rank() == 0) return;
  const Shape& x = input_shape(context, 0);
  if (noise.rank() != x.rank() || !broadcasts_to(noise, x)) {
    fail_attribute(context, fmt::format("noise_shape is {}, expected that of x with 1 for the axes "
                                        "that share the mask",
                                        noise.to_string()));
  }
}

void infer_dropout(InferContext& context) {
  require_dropout(context);
  set_output(context, 0, require_one_floating_dtype(context), input_shape(context, 0));
}

void infer_penalty(InferContext& context) {
  attributes_of<PenaltyAttributes>(context);
  set_output(context, 0, require_one_floating_dtype(context), Shape{});
}

void infer_penalty_backward(InferContext& context) {
  attributes_of<PenaltyAttributes>(context);
  const DType dtype = require_one_floating_dtype(context);
  require_input_shape(context, 1, Shape{});
  set_output(context, 0, dtype, input_shape(context, 0));
}

std::vector<ValueId> dropout_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  require_only_first_gradient(node, output_gradients);
  return {builder.apply(OpKind::kDropoutBackward, node.attributes,
                        {output_gradients[0], node.outputs[1]}, gradient_name(node))};
}

std::vector<ValueId> penalty_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  return {builder.apply(OpKind::kL1L2PenaltyBackward, node.attributes,
                        {node.inputs[0], output_gradients[0]}, gradient_name(node))};
}

double penalty_operations(const Program& program, const Node& node) {
  return 4.0 * static_cast<double>(program.value(node.inputs[0]).shape.element_count());
}

}  // namespace

std::vector<Descriptor> regularization_descriptors() {
  const Port mask{.name = "mask", .opaque = true};
  return {
      {.kind = OpKind::kDropout,
       .name = "dropout",
       .inputs = {{"x"}},
       .outputs = {{"y"}, mask},
       .infer = infer_dropout,
       .gradient = dropout_gradient},
      {.kind = OpKind::kDropoutBackward,
       .name = "dropout_backward",
       .inputs = {{"dy"}, mask},
       .outputs = {{"dx"}},
       .infer = infer_dropout},
      {.kind = OpKind::kL1L2Penalty,
       .name = "l1_l2_penalty",
       .inputs = {{"w"}},
       .outputs = {{"penalty"}},
       .infer = infer_penalty,
       .gradient = penalty_gradient,
       .floating_point_operations = penalty_operations},
      {.kind = OpKind::kL1L2PenaltyBackward,
       .name = "l1_l2_penalty_backward",
       .inputs = {{"w"}, {"dpenalty"}},
       .outputs = {{"dw"}},
       .infer = infer_penalty_backward,
       .floating_point_operations = penalty_operations},
  };
}

}  // namespace tenon::ops
