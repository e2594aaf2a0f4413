#include <fmt/format.h>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

/// x (…, C) of two or more axes, and every other connected input but `dy` of the shape (C).
DType require_channels(const InferContext& context, std::size_t first_channel_port) {
  const auto& attributes = attributes_of<NormalizationAttributes>(context);
  if (!(attributes.epsilon >= 0.0)) {
    fail_attribute(context, fmt::format("epsilon is {}, expected 0 or more", attributes.epsilon));
  }
  const Shape& x = input_shape(context, 0);
  if (x.rank() < 2) fail_shape(context, "x has fewer than the two axes (N, …, C)");
  const DType dtype = require_one_floating_dtype(context);
  for (std::size_t i = first_channel_port; i < context.node.inputs.size(); ++i) {
    if (has_input(context, i)) require_input_shape(context, i, Shape{x.dim(-1)});
  }
  return dtype;
}

void infer_training(InferContext& context) {
  const DType dtype = require_channels(context, 1);
  const Shape& x = input_shape(context, 0);
  set_output(context, 0, dtype, x);
  set_output(context, 1, dtype, Shape{x.dim(-1)});
  set_output(context, 2, dtype, Shape{x.dim(-1)});
}

void infer_inference(InferContext& context) {
  const DType dtype = require_channels(context, 1);
  set_output(context, 0, dtype, input_shape(context, 0));
}

void infer_backward(InferContext& context) {
  const DType dtype = require_channels(context, 2);
  const Shape& x = input_shape(context, 0);
  require_input_shape(context, 1, x);
  if (context.wanted[1] && !has_input(context, 2)) {
    fail_attribute(context, "dgamma is wanted, but there is no gamma");
  }
  set_output(context, 0, dtype, x);
  set_output(context, 1, dtype, Shape{x.dim(-1)});
  set_output(context, 2, dtype, Shape{x.dim(-1)});
}

void infer_moving_average(InferContext& context) {
  const double momentum = attributes_of<MovingAverageAttributes>(context).momentum;
  if (!(momentum >= 0.0 && momentum <= 1.0)) {
    fail_attribute(context, fmt::format("momentum is {}, expected 0 to 1", momentum));
  }
  require_one_floating_dtype(context);
  require_input_shape(context, 1, input_shape(context, 0));
}

/// Of x, gamma and beta; both backward ops have the same ports.
std::vector<ValueId> gradients_of(Builder& builder, const Node& node, OpKind backward, ValueId mean,
                                  ValueId variance, ValueId dy, const std::vector<bool>& wanted) {
  const std::vector<ValueId> made = builder.append(
      backward, node.attributes, {node.inputs[0], dy, node.inputs[1], mean, variance},
      gradient_name(node), {true, wanted[1], wanted[2]});
  std::vector<ValueId> gradients(node.inputs.size(), kNoValue);
  for (std::size_t i = 0; i < 3; ++i) {
    if (wanted[i]) gradients[i] = made[i];
  }
  return gradients;
}

std::vector<ValueId> training_gradient(Builder& builder, const Node& node,
                                       const std::vector<ValueId>& output_gradients,
                                       const std::vector<bool>& wanted) {
  require_only_first_gradient(node, output_gradients);
  return gradients_of(builder, node, OpKind::kBatchNormalizationBackward, node.outputs[1],
                      node.outputs[2], output_gradients[0], wanted);
}

std::vector<ValueId> inference_gradient(Builder& builder, const Node& node,
                                        const std::vector<ValueId>& output_gradients,
                                        const std::vector<bool>& wanted) {
  if (!wanted[0] && !wanted[1] && !wanted[2]) {
    return std::vector<ValueId>(node.inputs.size(), kNoValue);
  }
  return gradients_of(builder, node, OpKind::kBatchNormalizationInferenceBackward, node.inputs[3],
                      node.inputs[4], output_gradients[0], wanted);
}

double times_elements(double factor, const Program& program, const Node& node) {
  return factor * static_cast<double>(program.value(node.inputs[0]).shape.element_count());
}
// Mean, variance, centring, scaling and shifting of each element.
double training_operations(const Program& program, const Node& node) {
  return times_elements(7.0, program, node);
}
double inference_operations(const Program& program, const Node& node) {
  return times_elements(2.0, program, node);
}
double backward_operations(const Program& program, const Node& node) {
  return times_elements(11.0, program, node);
}
double moving_average_operations(const Program& program, const Node& node) {
  return times_elements(3.0, program, node);
}

Descriptor backward(OpKind kind, std::string_view name, std::string_view mean,
                    std::string_view variance) {
  return {.kind = kind,
          .name = name,
          .inputs = {{"x"}, {"dy"}, {.name = "gamma", .optional = true}, {mean}, {variance}},
          .outputs = {{"dx"},
                      {.name = "dgamma", .optional = true},
                      {.name = "dbeta", .optional = true}},
          .infer = infer_backward,
          .floating_point_operations = backward_operations};
}

}  // namespace

std::vector<Descriptor> normalization_descriptors() {
  const Port gamma{.name = "gamma", .optional = true};
  const Port beta{.name = "beta", .optional = true};
  return {
      {.kind = OpKind::kBatchNormalizationTraining,
       .name = "batch_normalization_training",
       .inputs = {{"x"}, gamma, beta},
       .outputs = {{"y"}, {"mean"}, {"variance"}},
       .infer = infer_training,
       .gradient = training_gradient,
       .floating_point_operations = training_operations},
      backward(OpKind::kBatchNormalizationBackward, "batch_normalization_backward", "mean",
               "variance"),
      {.kind = OpKind::kBatchNormalizationInference,
       .name = "batch_normalization_inference",
       .inputs = {{"x"}, gamma, beta, {"moving_mean"}, {"moving_variance"}},
       .outputs = {{"y"}},
       .infer = infer_inference,
       .gradient = inference_gradient,
       .floating_point_operations = inference_operations},
      backward(OpKind::kBatchNormalizationInferenceBackward,
               "batch_normalization_inference_backward", "moving_mean", "moving_variance"),
      {.kind = OpKind::kMovingAverageUpdate,
       .name = "moving_average_update",
       .inputs = {{.name = "moving", .written = true}, {"value"}},
       .outputs = {},
       .infer = infer_moving_average,
       .floating_point_operations = moving_average_operations},
  };
}

}  // namespace tenon::ops
