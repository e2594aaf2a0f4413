#include <fmt/format.h>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void require_same_size(const InferContext& context, std::string_view axis, std::int64_t first,
                       std::int64_t second) {
  if (first == second) return;
  fail_shape(context, fmt::format("the {} do not fit, {} and {}", axis, first, second));
}

void infer_forward(InferContext& context) {
  require_rank(context, 0, 2, "(M, I)");
  require_rank(context, 1, 2, "(I, O)");
  const DType dtype = require_one_floating_dtype(context);
  const Shape& x = input_shape(context, 0);
  const Shape& kernel = input_shape(context, 1);
  require_same_size(context, "inputs I of x and kernel", x[1], kernel[0]);
  if (has_input(context, 2)) require_input_shape(context, 2, Shape{kernel[1]});
  set_output(context, 0, dtype, {x[0], kernel[1]});
}

void infer_backward_data(InferContext& context) {
  require_rank(context, 0, 2, "(M, O)");
  require_rank(context, 1, 2, "(I, O)");
  const DType dtype = require_one_floating_dtype(context);
  const Shape& dy = input_shape(context, 0);
  const Shape& kernel = input_shape(context, 1);
  require_same_size(context, "outputs O of dy and kernel", dy[1], kernel[1]);
  set_output(context, 0, dtype, {dy[0], kernel[0]});
}

void infer_backward_weights(InferContext& context) {
  require_rank(context, 0, 2, "(M, I)");
  require_rank(context, 1, 2, "(M, O)");
  const DType dtype = require_one_floating_dtype(context);
  const Shape& x = input_shape(context, 0);
  const Shape& dy = input_shape(context, 1);
  require_same_size(context, "rows M of x and dy", x[0], dy[0]);
  set_output(context, 0, dtype, {x[1], dy[1]});
  set_output(context, 1, dtype, Shape{dy[1]});
}

std::vector<ValueId> forward_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& wanted) {
  const ValueId dy = output_gradients[0];
  std::vector<ValueId> gradients(3, kNoValue);
  if (wanted[0]) {
    gradients[0] = builder.apply(OpKind::kDenseBackwardData, NoAttributes{}, {dy, node.inputs[1]},
                                 gradient_name(node));
  }
  if (wanted[1]) {
    const std::vector<ValueId> made =
        builder.append(OpKind::kDenseBackwardWeights, NoAttributes{}, {node.inputs[0], dy},
                       gradient_name(node), {true, wanted[2]});
    gradients[1] = made[0];
    gradients[2] = made[1];
  } else if (wanted[2]) {
    gradients[2] = builder.apply(OpKind::kReduceSum, ShapeAttributes{builder.shape(node.inputs[2])},
                                 {dy}, gradient_name(node));
  }
  return gradients;
}

double multiply_adds(const Shape& rows, std::int64_t columns) {
  return 2.0 * static_cast<double>(rows.element_count()) * static_cast<double>(columns);
}
double forward_operations(const Program& program, const Node& node) {
  return multiply_adds(program.value(node.inputs[0]).shape, program.value(node.inputs[1]).shape[1]);
}
double backward_data_operations(const Program& program, const Node& node) {
  return multiply_adds(program.value(node.inputs[0]).shape, program.value(node.inputs[1]).shape[0]);
}

}  // namespace

std::vector<Descriptor> dense_descriptors() {
  return {
      {.kind = OpKind::kDense,
       .name = "dense",
       .inputs = {{"x"}, {"kernel"}, {.name = "bias", .optional = true}},
       .outputs = {{"y"}},
       .infer = infer_forward,
       .gradient = forward_gradient,
       .floating_point_operations = forward_operations},
      {.kind = OpKind::kDenseBackwardData,
       .name = "dense_backward_data",
       .inputs = {{"dy"}, {"kernel"}},
       .outputs = {{"dx"}},
       .infer = infer_backward_data,
       .floating_point_operations = backward_data_operations},
      {.kind = OpKind::kDenseBackwardWeights,
       .name = "dense_backward_weights",
       .inputs = {{"x"}, {"dy"}},
       .outputs = {{"dkernel"}, {.name = "dbias", .optional = true}},
       .infer = infer_backward_weights,
       .floating_point_operations = forward_operations},
  };
}

}  // namespace tenon::ops
