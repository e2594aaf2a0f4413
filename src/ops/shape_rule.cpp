#include "ops/shape_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tenon/error.hpp"

namespace tenon::ops {
namespace {

constexpr std::int64_t kLargestAttribute = std::int64_t{1} << 31;

std::string describe_inputs(const InferContext& context) {
  std::string text;
  const Descriptor& facts = descriptor(context.node.kind);
  for (std::size_t i = 0; i < context.node.inputs.size(); ++i) {
    if (!has_input(context, i)) continue;
    const Value& value = input(context, i);
    const Port& port = port_at(facts.inputs, i);
    text += fmt::format("{}{}{} is {} {}", text.empty() ? "" : ", ", port.name,
                        port.variadic ? std::to_string(i + 1 - facts.inputs.size()) : "",
                        short_name_of(value.dtype), value.shape.to_string());
    if (!value.name.empty()) text += fmt::format(" ({})", value.name);
  }
  return text.empty() ? "no inputs" : text;
}

std::string describe(const InferContext& context, const std::string& what) {
  const std::string& name = context.node.name;
  return fmt::format("{} ({}): {}; {}", name.empty() ? "(unnamed)" : name,
                     name_of(context.node.kind), what, describe_inputs(context));
}

}  // namespace

void fail_shape(const InferContext& context, const std::string& what) {
  throw ShapeError(make_diagnostic("S002", describe(context, what)));
}

void fail_attribute(const InferContext& context, const std::string& what) {
  throw ShapeError(make_diagnostic("A001", describe(context, what)));
}

void fail_attribute_type(const InferContext& context) {
  fail_attribute(context, "the attributes are those of another op");
}

bool has_input(const InferContext& context, std::size_t port) {
  return port < context.node.inputs.size() && context.node.inputs[port] != kNoValue;
}

const Value& input(const InferContext& context, std::size_t port) {
  return context.program.value(context.node.inputs[port]);
}

const Shape& input_shape(const InferContext& context, std::size_t port) {
  return input(context, port).shape;
}

void require_rank(const InferContext& context, std::size_t port, int rank, std::string_view axes) {
  const Shape& shape = input_shape(context, port);
  if (shape.rank() == rank) return;
  fail_shape(context, fmt::format("{} has {} axes, expected {}: {}",
                                  port_at(descriptor(context.node.kind).inputs, port).name,
                                  shape.rank(), rank, axes));
}

void require_image(const InferContext& context, std::size_t port, std::string_view axes) {
  const Shape& shape = input_shape(context, port);
  if (shape.rank() == 4 || shape.rank() == 5) return;
  fail_shape(context, fmt::format("{} has {} axes, expected 4 or 5: {}",
                                  port_at(descriptor(context.node.kind).inputs, port).name,
                                  shape.rank(), axes));
}

std::size_t spatial_axes(const Shape& image) { return image.dims().size() - 2; }

std::string_view spatial_axis_name(std::size_t axis, std::size_t count) noexcept {
  constexpr std::string_view kNames[] = {"depth", "height", "width"};
  return kNames[axis + std::size(kNames) - count];
}

void require_per_axis(const InferContext& context, std::string_view name, const PerAxis& numbers,
                      std::size_t count) {
  if (numbers.size() == count) return;
  fail_attribute(context, fmt::format("{} has {} numbers, expected {}: one for each of {}", name,
                                      numbers.size(), count,
                                      count == 2 ? "height and width" : "depth, height and width"));
}

void require_input_shape(const InferContext& context, std::size_t port, const Shape& expected) {
  const Shape& shape = input_shape(context, port);
  if (shape == expected) return;
  fail_shape(context, fmt::format("{} has the shape {}, expected {}",
                                  port_at(descriptor(context.node.kind).inputs, port).name,
                                  shape.to_string(), expected.to_string()));
}

DType require_one_dtype(const InferContext& context) {
  const Value* first = nullptr;
  for (std::size_t i = 0; i < context.node.inputs.size(); ++i) {
    if (!has_input(context, i) || input(context, i).opaque) continue;
    const Value& value = input(context, i);
    if (first == nullptr) first = &value;
    if (value.dtype == DType::kString) fail_shape(context, "strings cannot be computed with");
    if (value.dtype != first->dtype) {
      fail_shape(context, fmt::format("the inputs have different dtypes, {} and {}; cast one",
                                      name_of(first->dtype), name_of(value.dtype)));
    }
  }
  return first == nullptr ? DType::kFloat32 : first->dtype;
}

DType require_one_floating_dtype(const InferContext& context) {
  const DType dtype = require_one_dtype(context);
  if (!is_floating(dtype)) {
    fail_shape(context, fmt::format("the inputs are {}, expected a floating dtype; cast them",
                                    name_of(dtype)));
  }
  return dtype;
}

int require_axis(const InferContext& context, int axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail_attribute(context, fmt::format("axis {} does not exist, there are {} axes", axis, rank));
  }
  return axis < 0 ? axis + rank : axis;
}

void set_output(InferContext& context, std::size_t port, DType dtype, Shape shape) {
  context.outputs[port].dtype = dtype;
  context.outputs[port].shape = std::move(shape);
}

Shape broadcast_shape(const InferContext& context, const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  std::vector<std::int64_t> dims = longer.dims();
  const auto shift = static_cast<std::size_t>(longer.rank() - shorter.rank());
  for (std::size_t i = 0; i < shorter.dims().size(); ++i) {
    std::int64_t& size = dims[i + shift];
    if (size != shorter[i] && size != 1 && shorter[i] != 1) {
      fail_shape(context,
                 fmt::format("{} and {} do not broadcast: axis {} has {} and {}", a.to_string(),
                             b.to_string(), static_cast<std::int64_t>(i) - shorter.rank(), size,
                             shorter[i]));
    }
    if (size == 1) size = shorter[i];
  }
  return Shape(std::move(dims));
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  const auto shift = static_cast<std::size_t>(to.rank() - from.rank());
  for (std::size_t i = 0; i < from.dims().size(); ++i) {
    if (from[i] != 1 && from[i] != to[i + shift]) return false;
  }
  return true;
}

std::int64_t window_count(const InferContext& context, const Window& window) {
  const auto check = [&](std::string_view word, std::int64_t value, std::int64_t least) {
    if (value >= least && value < kLargestAttribute) return;
    fail_attribute(context, fmt::format("the {} of the {} is {}, expected {} or more", word,
                                        window.axis, value, least));
  };
  check("window", window.size, 1);
  check("stride", window.stride, 1);
  check("dilation", window.dilation, 1);
  check("padding before", window.pad_before, 0);
  check("padding after", window.pad_after, 0);
  const std::int64_t extent = (window.size - 1) * window.dilation + 1;
  const std::int64_t padded = window.input + window.pad_before + window.pad_after;
  if (padded < extent) {
    fail_shape(context, fmt::format("the {} is {} ({} with padding), less than the window of {}",
                                    window.axis, window.input, padded, extent));
  }
  return (padded - extent) / window.stride + 1;
}

}  // namespace tenon::ops
