#include "ops/descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "ops/families.hpp"
#include "ops/shape_rule.hpp"
#include "tenon/error.hpp"

namespace tenon::ops {
namespace {

std::vector<Descriptor> collect() {
  std::vector<Descriptor> all;
  for (auto* family : {convolution_descriptors, dense_descriptors, pooling_descriptors,
                       shape_descriptors, arithmetic_descriptors, activation_descriptors,
                       softmax_descriptors, normalization_descriptors, regularization_descriptors,
                       image_descriptors, loss_descriptors, optimizer_descriptors}) {
    std::vector<Descriptor> some = family();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(),
            [](const Descriptor& a, const Descriptor& b) { return a.kind < b.kind; });
  for (int i = 0; i < kOpCount; ++i) {
    const auto index = static_cast<std::size_t>(i);
    if (index >= all.size() || static_cast<int>(all[index].kind) != i) {
      throw std::logic_error(fmt::format("op {} has no descriptor, or two", i));
    }
  }
  return all;
}

const std::vector<Descriptor>& table() {
  static const std::vector<Descriptor> all = collect();
  return all;
}

bool is_variadic(const std::vector<Port>& ports) { return !ports.empty() && ports.back().variadic; }

void check_input(const InferContext& context, const Port& port, ValueId id) {
  if (id == kNoValue) {
    if (!port.optional) fail_attribute(context, fmt::format("{} is not connected", port.name));
    return;
  }
  if (id < 0 || static_cast<std::size_t>(id) >= context.program.values.size()) {
    throw ShapeError(make_diagnostic(
        "A001", fmt::format("{} ({}): {} is value {}, which does not exist", context.node.name,
                            name_of(context.node.kind), port.name, id)));
  }
  const Value& value = context.program.value(id);
  if (port.written && value.kind != ValueKind::kVariable) {
    fail_attribute(context, fmt::format("{} is written, so it must be a variable", port.name));
  }
  if (value.opaque != port.opaque) {
    fail_attribute(context, value.opaque
                                ? fmt::format("{} cannot read an opaque value", port.name)
                                : fmt::format("{} must be the opaque output of the op's forward "
                                              "twin",
                                              port.name));
  }
}

void check_inputs(const InferContext& context, const Descriptor& facts) {
  const std::size_t came = context.node.inputs.size();
  const std::size_t ports = facts.inputs.size();
  // Ids are checked before anything is described: a description reads all inputs.
  for (std::size_t i = 0; i < came; ++i) {
    const ValueId id = context.node.inputs[i];
    if (id < kNoValue || id >= static_cast<ValueId>(context.program.values.size())) {
      check_input(context, port_at(facts.inputs, i), id);
    }
  }
  if (came < ports || (came > ports && !is_variadic(facts.inputs))) {
    throw ShapeError(
        make_diagnostic("A001", fmt::format("{} ({}): {} inputs came, the op has {}{}",
                                            context.node.name, name_of(context.node.kind), came,
                                            ports, is_variadic(facts.inputs) ? " or more" : "")));
  }
  for (std::size_t i = 0; i < came; ++i) {
    check_input(context, port_at(facts.inputs, i), context.node.inputs[i]);
  }
}

void check_wanted(const InferContext& context, const Descriptor& facts) {
  for (std::size_t i = 0; i < context.wanted.size(); ++i) {
    const Port& port = port_at(facts.outputs, i);
    if (!context.wanted[i] && !port.optional) {
      fail_attribute(context, fmt::format("output {} is not optional", port.name));
    }
  }
}

void check_output_size(const InferContext& context, const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 1 || __builtin_mul_overflow(count, size, &count)) {
      fail_shape(context,
                 fmt::format("the result would have the impossible shape {}", shape.to_string()));
    }
  }
}

}  // namespace

const Descriptor& descriptor(OpKind kind) { return table().at(static_cast<std::size_t>(kind)); }

std::span<const Descriptor> all_descriptors() { return table(); }

std::string_view name_of(OpKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < table().size() ? table()[index].name : "(no op)";
}

const Port& port_at(const std::vector<Port>& ports, std::size_t index) {
  return ports[std::min(index, ports.size() - 1)];
}

std::size_t output_count(const Descriptor& descriptor, const Node& node) {
  return is_variadic(descriptor.outputs) ? node.inputs.size() : descriptor.outputs.size();
}

std::vector<Value> infer_outputs(const Program& program, const Node& node,
                                 const std::vector<bool>& wanted) {
  const Descriptor& facts = descriptor(node.kind);
  const std::size_t count = output_count(facts, node);
  InferContext context{program, node, std::vector<Value>(count),
                       wanted.empty() ? std::vector<bool>(count, true) : wanted};
  check_inputs(context, facts);
  if (context.wanted.size() != count) {
    fail_attribute(context, fmt::format("wanted_outputs has {} entries, there are {} outputs",
                                        context.wanted.size(), count));
  }
  check_wanted(context, facts);
  facts.infer(context);
  for (std::size_t i = 0; i < count; ++i) {
    Value& value = context.outputs[i];
    value.opaque = port_at(facts.outputs, i).opaque;
    if (value.opaque) {
      value.dtype = DType::kUInt8;
      value.shape = Shape{0};
    } else {
      check_output_size(context, value.shape);
    }
  }
  return std::move(context.outputs);
}

double floating_point_operations(const Program& program, const Node& node) {
  const Descriptor& facts = descriptor(node.kind);
  if (facts.floating_point_operations != nullptr) {
    return facts.floating_point_operations(program, node);
  }
  double count = 0.0;
  for (const ValueId id : node.outputs) {
    if (id != kNoValue && !program.value(id).opaque) {
      count += static_cast<double>(program.value(id).shape.element_count());
    }
  }
  return count;
}

double no_arithmetic(const Program& /*program*/, const Node& /*node*/) { return 0.0; }

std::string gradient_name(const Node& node) { return node.name + "/gradient"; }

void require_only_first_gradient(const Node& node, const std::vector<ValueId>& output_gradients) {
  for (std::size_t i = 1; i < output_gradients.size(); ++i) {
    if (output_gradients[i] == kNoValue) continue;
    throw ModelError(make_diagnostic(
        "M001", fmt::format("{} ({}): the loss depends on the output {}, through which no gradient "
                            "flows; only {} has one",
                            node.name, name_of(node.kind), descriptor(node.kind).outputs[i].name,
                            descriptor(node.kind).outputs[0].name)));
  }
}

}  // namespace tenon::ops
