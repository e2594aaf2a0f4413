#include <fmt/format.h>

#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void infer_broadcasting(InferContext& context) {
  const DType dtype = require_one_floating_dtype(context);
  set_output(context, 0, dtype,
             broadcast_shape(context, input_shape(context, 0), input_shape(context, 1)));
}

void infer_extremum_backward(InferContext& context) {
  const DType dtype = require_one_floating_dtype(context);
  const Shape y = broadcast_shape(context, input_shape(context, 0), input_shape(context, 1));
  require_input_shape(context, 2, y);
  set_output(context, 0, dtype, y);
  set_output(context, 1, dtype, y);
}

void infer_add_n(InferContext& context) {
  const DType dtype = require_one_floating_dtype(context);
  for (std::size_t i = 1; i < context.node.inputs.size(); ++i) {
    require_input_shape(context, i, input_shape(context, 0));
  }
  set_output(context, 0, dtype, input_shape(context, 0));
}

void infer_reduce_sum(InferContext& context) {
  const Shape& target = attributes_of<ShapeAttributes>(context).shape;
  const DType dtype = require_one_floating_dtype(context);
  if (!broadcasts_to(target, input_shape(context, 0))) {
    fail_attribute(context,
                   fmt::format("the shape {} does not broadcast to that of x", target.to_string()));
  }
  set_output(context, 0, dtype, target);
}

void infer_affine(InferContext& context) {
  const auto& attributes = attributes_of<AffineAttributes>(context);
  const DType dtype = require_one_floating_dtype(context);
  const Shape& x = input_shape(context, 0);
  for (const auto& [word, list] :
       {std::pair{"scale", &attributes.scale}, std::pair{"offset", &attributes.offset}}) {
    const bool fits =
        list->size() == 1 || (x.rank() > 0 && static_cast<std::int64_t>(list->size()) == x.dim(-1));
    if (!fits) {
      fail_attribute(context, fmt::format("{} has {} entries, expected 1 or as many as the last "
                                          "axis of x",
                                          word, list->size()));
    }
  }
  set_output(context, 0, dtype, x);
}

/// `gradient`, of the broadcast shape, summed to the shape of `value`.
ValueId reduce_to(Builder& builder, ValueId gradient, ValueId value, const Node& node) {
  if (builder.shape(gradient) == builder.shape(value)) return gradient;
  return builder.apply(OpKind::kReduceSum, ShapeAttributes{builder.shape(value)}, {gradient},
                       gradient_name(node));
}

ValueId negate(Builder& builder, ValueId value, const Node& node) {
  return builder.apply(OpKind::kAffine, AffineAttributes{{-1.0F}, {0.0F}}, {value},
                       gradient_name(node));
}

std::vector<ValueId> add_gradient(Builder& builder, const Node& node,
                                  const std::vector<ValueId>& output_gradients,
                                  const std::vector<bool>& wanted) {
  std::vector<ValueId> gradients(2, kNoValue);
  for (std::size_t i = 0; i < 2; ++i) {
    if (wanted[i]) gradients[i] = reduce_to(builder, output_gradients[0], node.inputs[i], node);
  }
  return gradients;
}

std::vector<ValueId> subtract_gradient(Builder& builder, const Node& node,
                                       const std::vector<ValueId>& output_gradients,
                                       const std::vector<bool>& wanted) {
  std::vector<ValueId> gradients = add_gradient(builder, node, output_gradients, wanted);
  if (wanted[1]) gradients[1] = negate(builder, gradients[1], node);
  return gradients;
}

std::vector<ValueId> multiply_gradient(Builder& builder, const Node& node,
                                       const std::vector<ValueId>& output_gradients,
                                       const std::vector<bool>& wanted) {
  std::vector<ValueId> gradients(2, kNoValue);
  for (std::size_t i = 0; i < 2; ++i) {
    if (!wanted[i]) continue;
    const ValueId product =
        builder.apply(OpKind::kMultiply, NoAttributes{}, {output_gradients[0], node.inputs[1 - i]},
                      gradient_name(node));
    gradients[i] = reduce_to(builder, product, node.inputs[i], node);
  }
  return gradients;
}

std::vector<ValueId> extremum_gradient(Builder& builder, const Node& node,
                                       const std::vector<ValueId>& output_gradients,
                                       const std::vector<bool>& wanted) {
  const OpKind backward =
      node.kind == OpKind::kMaximum ? OpKind::kMaximumBackward : OpKind::kMinimumBackward;
  std::vector<ValueId> gradients = builder.append(
      backward, NoAttributes{}, {node.inputs[0], node.inputs[1], output_gradients[0]},
      gradient_name(node), wanted);
  for (std::size_t i = 0; i < 2; ++i) {
    if (wanted[i]) gradients[i] = reduce_to(builder, gradients[i], node.inputs[i], node);
  }
  return gradients;
}

std::vector<ValueId> add_n_gradient(Builder& /*builder*/, const Node& node,
                                    const std::vector<ValueId>& output_gradients,
                                    const std::vector<bool>& wanted) {
  std::vector<ValueId> gradients(node.inputs.size(), kNoValue);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (wanted[i]) gradients[i] = output_gradients[0];
  }
  return gradients;
}

std::vector<ValueId> reduce_sum_gradient(Builder& builder, const Node& node,
                                         const std::vector<ValueId>& output_gradients,
                                         const std::vector<bool>& /*wanted*/) {
  const ValueId dy = output_gradients[0];
  const Shape x = builder.shape(node.inputs[0]);
  if (builder.shape(dy) == x) return {dy};
  const ValueId zeros = builder.constant(0.0F, x, builder.dtype(dy));
  return {builder.apply(OpKind::kAdd, NoAttributes{}, {dy, zeros}, gradient_name(node))};
}

std::vector<ValueId> affine_gradient(Builder& builder, const Node& node,
                                     const std::vector<ValueId>& output_gradients,
                                     const std::vector<bool>& /*wanted*/) {
  return {builder.apply(OpKind::kAffine,
                        AffineAttributes{attributes_of<AffineAttributes>(node).scale, {0.0F}},
                        {output_gradients[0]}, gradient_name(node))};
}

double input_elements(const Program& program, const Node& node) {
  double count = 0.0;
  for (const ValueId id : node.inputs) {
    count += static_cast<double>(program.value(id).shape.element_count());
  }
  return count;
}
double affine_operations(const Program& program, const Node& node) {
  return 2.0 * input_elements(program, node);
}

Descriptor binary(OpKind kind, std::string_view name, GradientRule gradient) {
  return {.kind = kind,
          .name = name,
          .inputs = {{"a"}, {"b"}},
          .outputs = {{"y"}},
          .infer = infer_broadcasting,
          .gradient = gradient};
}

Descriptor extremum_backward(OpKind kind, std::string_view name) {
  return {.kind = kind,
          .name = name,
          .inputs = {{"a"}, {"b"}, {"dy"}},
          .outputs = {{.name = "da", .optional = true}, {.name = "db", .optional = true}},
          .infer = infer_extremum_backward};
}

}  // namespace

std::vector<Descriptor> arithmetic_descriptors() {
  return {
      binary(OpKind::kAdd, "add", add_gradient),
      binary(OpKind::kSubtract, "subtract", subtract_gradient),
      binary(OpKind::kMultiply, "multiply", multiply_gradient),
      binary(OpKind::kMaximum, "maximum", extremum_gradient),
      binary(OpKind::kMinimum, "minimum", extremum_gradient),
      extremum_backward(OpKind::kMaximumBackward, "maximum_backward"),
      extremum_backward(OpKind::kMinimumBackward, "minimum_backward"),
      {.kind = OpKind::kAddN,
       .name = "add_n",
       .inputs = {{.name = "x", .variadic = true}},
       .outputs = {{"y"}},
       .infer = infer_add_n,
       .gradient = add_n_gradient,
       .floating_point_operations = input_elements},
      {.kind = OpKind::kReduceSum,
       .name = "reduce_sum",
       .inputs = {{"x"}},
       .outputs = {{"y"}},
       .infer = infer_reduce_sum,
       .gradient = reduce_sum_gradient,
       .floating_point_operations = input_elements},
      {.kind = OpKind::kAffine,
       .name = "affine",
       .inputs = {{"x"}},
       .outputs = {{"y"}},
       .infer = infer_affine,
       .gradient = affine_gradient,
       .floating_point_operations = affine_operations},
  };
}

}  // namespace tenon::ops
