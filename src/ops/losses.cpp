#include <fmt/format.h>

#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

constexpr std::size_t kPrediction = 0;
constexpr std::size_t kTarget = 1;
constexpr std::size_t kSampleWeight = 2;

Shape without_last_axis(const Shape& shape) {
  return Shape(std::vector<std::int64_t>(shape.begin(), shape.end() - 1));
}

/// Class ids: one per prediction, with or without a last axis of 1.
void require_class_ids(const InferContext& context, const Shape& prediction) {
  const Value& target = input(context, kTarget);
  if (target.dtype != DType::kInt32) {
    fail_shape(context,
               fmt::format("the target is {}, expected class ids in int32", name_of(target.dtype)));
  }
  Shape with_one = prediction;
  with_one[with_one.dims().size() - 1] = 1;
  const Shape expected = without_last_axis(prediction);
  if (target.shape == expected || target.shape == with_one) return;
  fail_shape(context, fmt::format("the target has the shape {}, expected class ids of the shape {}",
                                  target.shape.to_string(), expected.to_string()));
}

void require_values(const InferContext& context, const Value& prediction) {
  const Value& target = input(context, kTarget);
  if (target.dtype != prediction.dtype) {
    fail_shape(context, fmt::format("the target is {}, the prediction {}; cast the target",
                                    name_of(target.dtype), name_of(prediction.dtype)));
  }
  require_input_shape(context, kTarget, prediction.shape);
}

/// One number for all classes, or one for each; each axis one of the prediction's.
void require_lists(const InferContext& context, const LossAttributes& attributes,
                   const Shape& prediction) {
  const std::size_t numbers = attributes.alpha.size();
  const bool per_class = attributes.kind == LossKind::kCategoricalFocalCrossentropy &&
                         static_cast<std::int64_t>(numbers) == prediction.dim(-1);
  if (numbers > 1 && !per_class) {
    fail_attribute(context, fmt::format("alpha has {} numbers, but the prediction has {} classes",
                                        numbers, prediction.dim(-1)));
  }
  for (const int axis : attributes.axis) require_axis(context, axis, prediction.rank());
}

void require_loss_inputs(const InferContext& context) {
  const auto& attributes = attributes_of<LossAttributes>(context);
  if (!(attributes.label_smoothing >= 0.0 && attributes.label_smoothing <= 1.0)) {
    fail_attribute(
        context, fmt::format("label_smoothing is {}, expected 0 to 1", attributes.label_smoothing));
  }
  const Value& prediction = input(context, kPrediction);
  if (!is_floating(prediction.dtype)) {
    fail_shape(context, fmt::format("the prediction is {}, expected a floating dtype",
                                    name_of(prediction.dtype)));
  }
  if (prediction.shape.rank() < 2) {
    fail_shape(context, "the prediction has fewer than the two axes (N, …, values)");
  }
  require_lists(context, attributes, prediction.shape);
  if (attributes.kind == LossKind::kSparseCategoricalCrossentropy) {
    require_class_ids(context, prediction.shape);
  } else {
    require_values(context, prediction);
  }
  if (!has_input(context, kSampleWeight)) return;
  require_input_shape(context, kSampleWeight, Shape{prediction.shape[0]});
  if (input(context, kSampleWeight).dtype != prediction.dtype) {
    fail_shape(context, fmt::format("the sample weights are {}, the prediction {}; cast them",
                                    name_of(input(context, kSampleWeight).dtype),
                                    name_of(prediction.dtype)));
  }
}

void infer_forward(InferContext& context) {
  require_loss_inputs(context);
  const Value& prediction = input(context, kPrediction);
  set_output(context, 0, prediction.dtype, Shape{});
  set_output(context, 1, prediction.dtype, without_last_axis(prediction.shape));
}

void infer_backward(InferContext& context) {
  require_loss_inputs(context);
  const Value& prediction = input(context, kPrediction);
  require_input_shape(context, 3, Shape{});
  if (input(context, 3).dtype != prediction.dtype) {
    fail_shape(context, "dtotal and the prediction have different dtypes");
  }
  set_output(context, 0, prediction.dtype, prediction.shape);
}

std::vector<ValueId> forward_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& wanted) {
  require_only_first_gradient(node, output_gradients);
  std::vector<ValueId> gradients(node.inputs.size(), kNoValue);
  if (wanted[kPrediction]) {
    gradients[kPrediction] = builder.apply(
        OpKind::kLossBackward, node.attributes,
        {node.inputs[0], node.inputs[1], node.inputs[2], output_gradients[0]}, gradient_name(node));
  }
  return gradients;
}

double operations(const Program& program, const Node& node) {
  return 5.0 * static_cast<double>(program.value(node.inputs[0]).shape.element_count());
}

}  // namespace

bool is_overlap(LossKind kind) noexcept {
  return kind == LossKind::kDice || kind == LossKind::kTversky;
}

std::string_view name_of(LossKind kind) noexcept {
  switch (kind) {
    case LossKind::kBinaryCrossentropy:
      return "binary_crossentropy";
    case LossKind::kCategoricalCrossentropy:
      return "categorical_crossentropy";
    case LossKind::kSparseCategoricalCrossentropy:
      return "sparse_categorical_crossentropy";
    case LossKind::kMeanSquaredError:
      return "mean_squared_error";
    case LossKind::kMeanAbsoluteError:
      return "mean_absolute_error";
    case LossKind::kBinaryFocalCrossentropy:
      return "binary_focal_crossentropy";
    case LossKind::kCategoricalFocalCrossentropy:
      return "categorical_focal_crossentropy";
    case LossKind::kDice:
      return "dice";
    case LossKind::kTversky:
      return "tversky";
  }
  return "(no loss)";
}

std::vector<Descriptor> loss_descriptors() {
  const Port sample_weight{.name = "sample_weight", .optional = true};
  return {
      {.kind = OpKind::kLoss,
       .name = "loss",
       .inputs = {{"prediction"}, {"target"}, sample_weight},
       .outputs = {{"total"}, {"each"}},
       .infer = infer_forward,
       .gradient = forward_gradient,
       .floating_point_operations = operations},
      {.kind = OpKind::kLossBackward,
       .name = "loss_backward",
       .inputs = {{"prediction"}, {"target"}, sample_weight, {"dtotal"}},
       .outputs = {{"dprediction"}},
       .infer = infer_backward,
       .floating_point_operations = operations},
  };
}

}  // namespace tenon::ops
