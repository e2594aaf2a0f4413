#include <fmt/format.h>

#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"

namespace tenon::ops {
namespace {

void infer_reshape(InferContext& context) {
  const Shape& target = attributes_of<ShapeAttributes>(context).shape;
  const DType dtype = require_one_dtype(context);
  const std::int64_t count = input_shape(context, 0).element_count();
  for (const std::int64_t size : target) {
    if (size < 1) {
      fail_attribute(context, fmt::format("the shape {} has a size below 1", target.to_string()));
    }
  }
  if (target.element_count() != count) {
    fail_shape(context,
               fmt::format("{} elements do not fill the shape {}", count, target.to_string()));
  }
  set_output(context, 0, dtype, target);
}

void infer_transpose(InferContext& context) {
  const std::vector<int>& axes = attributes_of<PermutationAttributes>(context).axes;
  const DType dtype = require_one_dtype(context);
  const Shape& x = input_shape(context, 0);
  std::vector<bool> seen(x.dims().size(), false);
  bool valid = axes.size() == seen.size();
  std::vector<std::int64_t> dims;
  for (const int axis : axes) {
    valid = valid && axis >= 0 && axis < x.rank() && !seen[static_cast<std::size_t>(axis)];
    if (!valid) break;
    seen[static_cast<std::size_t>(axis)] = true;
    dims.push_back(x[static_cast<std::size_t>(axis)]);
  }
  if (!valid) {
    fail_attribute(context, fmt::format("the axes ({}) are no order of the {} axes of x",
                                        fmt::join(axes, ", "), x.rank()));
  }
  set_output(context, 0, dtype, Shape(std::move(dims)));
}

void infer_concatenate(InferContext& context) {
  const DType dtype = require_one_dtype(context);
  Shape y = input_shape(context, 0);
  const int axis = require_axis(context, attributes_of<AxisAttributes>(context).axis, y.rank());
  const auto along = static_cast<std::size_t>(axis);
  for (std::size_t i = 1; i < context.node.inputs.size(); ++i) {
    const Shape& next = input_shape(context, i);
    Shape expected = y;
    if (next.rank() == y.rank()) expected[along] = next[along];
    if (next != expected) {
      fail_shape(context, fmt::format("the shapes differ in more than axis {}", axis));
    }
    y[along] += next[along];
  }
  set_output(context, 0, dtype, std::move(y));
}

const RangeAttributes& range_of(const InferContext& context) {
  const auto& range = attributes_of<RangeAttributes>(context);
  const std::size_t rank = input_shape(context, 0).dims().size();
  if (range.begin.size() != rank || range.end.size() != rank) {
    fail_attribute(context, fmt::format("begin has {} and end {} entries, expected one for each of "
                                        "the {} axes",
                                        range.begin.size(), range.end.size(), rank));
  }
  return range;
}

void infer_slice(InferContext& context) {
  const RangeAttributes& range = range_of(context);
  const DType dtype = require_one_dtype(context);
  Shape y = input_shape(context, 0);
  for (std::size_t i = 0; i < y.dims().size(); ++i) {
    if (range.begin[i] < 0 || range.begin[i] >= range.end[i] || range.end[i] > y[i]) {
      fail_attribute(context, fmt::format("the range [{}, {}) of axis {} does not lie in [0, {})",
                                          range.begin[i], range.end[i], i, y[i]));
    }
    y[i] = range.end[i] - range.begin[i];
  }
  set_output(context, 0, dtype, std::move(y));
}

void infer_pad(InferContext& context) {
  constexpr std::int64_t kLargestPadding = std::int64_t{1} << 31;
  const RangeAttributes& range = range_of(context);
  const DType dtype = require_one_dtype(context);
  Shape y = input_shape(context, 0);
  for (std::size_t i = 0; i < y.dims().size(); ++i) {
    if (range.begin[i] < 0 || range.end[i] < 0 || range.begin[i] > kLargestPadding ||
        range.end[i] > kLargestPadding) {
      fail_attribute(context, fmt::format("axis {} is padded by {} and {}, expected 0 or more", i,
                                          range.begin[i], range.end[i]));
    }
    y[i] += range.begin[i] + range.end[i];
  }
  set_output(context, 0, dtype, std::move(y));
}

void infer_cast(InferContext& context) {
  const DType dtype = attributes_of<CastAttributes>(context).dtype;
  require_one_dtype(context);
  if (dtype == DType::kString) fail_attribute(context, "numbers are not cast to strings");
  set_output(context, 0, dtype, input_shape(context, 0));
}

std::vector<ValueId> reshape_gradient(Builder& builder, const Node& node,
                                      const std::vector<ValueId>& output_gradients,
                                      const std::vector<bool>& /*wanted*/) {
  return {builder.apply(OpKind::kReshape, ShapeAttributes{builder.shape(node.inputs[0])},
                        {output_gradients[0]}, gradient_name(node))};
}

std::vector<ValueId> transpose_gradient(Builder& builder, const Node& node,
                                        const std::vector<ValueId>& output_gradients,
                                        const std::vector<bool>& /*wanted*/) {
  const std::vector<int>& axes = attributes_of<PermutationAttributes>(node).axes;
  std::vector<int> inverse(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    inverse[static_cast<std::size_t>(axes[i])] = static_cast<int>(i);
  }
  return {builder.apply(OpKind::kTranspose, PermutationAttributes{std::move(inverse)},
                        {output_gradients[0]}, gradient_name(node))};
}

std::vector<ValueId> concatenate_gradient(Builder& builder, const Node& node,
                                          const std::vector<ValueId>& output_gradients,
                                          const std::vector<bool>& wanted) {
  const Shape y = builder.shape(node.outputs[0]);
  const int axis = attributes_of<AxisAttributes>(node).axis;
  const auto along = static_cast<std::size_t>(axis < 0 ? axis + y.rank() : axis);
  std::vector<ValueId> gradients(node.inputs.size(), kNoValue);
  RangeAttributes range{std::vector<std::int64_t>(y.dims().size(), 0), y.dims()};
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    range.end[along] = range.begin[along] + builder.shape(node.inputs[i])[along];
    if (wanted[i]) {
      gradients[i] =
          builder.apply(OpKind::kSlice, range, {output_gradients[0]}, gradient_name(node));
    }
    range.begin[along] = range.end[along];
  }
  return gradients;
}

std::vector<ValueId> slice_gradient(Builder& builder, const Node& node,
                                    const std::vector<ValueId>& output_gradients,
                                    const std::vector<bool>& /*wanted*/) {
  RangeAttributes padding = attributes_of<RangeAttributes>(node);
  const Shape& x = builder.shape(node.inputs[0]);
  for (std::size_t i = 0; i < padding.end.size(); ++i) padding.end[i] = x[i] - padding.end[i];
  return {
      builder.apply(OpKind::kPad, std::move(padding), {output_gradients[0]}, gradient_name(node))};
}

std::vector<ValueId> pad_gradient(Builder& builder, const Node& node,
                                  const std::vector<ValueId>& output_gradients,
                                  const std::vector<bool>& /*wanted*/) {
  RangeAttributes range = attributes_of<RangeAttributes>(node);
  const Shape& x = builder.shape(node.inputs[0]);
  for (std::size_t i = 0; i < range.end.size(); ++i) range.end[i] = range.begin[i] + x[i];
  return {
      builder.apply(OpKind::kSlice, std::move(range), {output_gradients[0]}, gradient_name(node))};
}

std::vector<ValueId> cast_gradient(Builder& builder, const Node& node,
                                   const std::vector<ValueId>& output_gradients,
                                   const std::vector<bool>& /*wanted*/) {
  const DType dtype = builder.dtype(node.inputs[0]);
  if (!is_floating(dtype)) return {kNoValue};
  return {builder.apply(OpKind::kCast, CastAttributes{dtype}, {output_gradients[0]},
                        gradient_name(node))};
}

Descriptor mover(OpKind kind, std::string_view name, void (*infer)(InferContext&),
                 GradientRule gradient) {
  return {.kind = kind,
          .name = name,
          .inputs = {{.name = "x", .variadic = kind == OpKind::kConcatenate}},
          .outputs = {{"y"}},
          .infer = infer,
          .gradient = gradient,
          .floating_point_operations = no_arithmetic};
}

}  // namespace

std::vector<Descriptor> shape_descriptors() {
  return {
      mover(OpKind::kReshape, "reshape", infer_reshape, reshape_gradient),
      mover(OpKind::kTranspose, "transpose", infer_transpose, transpose_gradient),
      mover(OpKind::kConcatenate, "concatenate", infer_concatenate, concatenate_gradient),
      mover(OpKind::kSlice, "slice", infer_slice, slice_gradient),
      mover(OpKind::kPad, "pad", infer_pad, pad_gradient),
      mover(OpKind::kCast, "cast", infer_cast, cast_gradient),
  };
}

}  // namespace tenon::ops
