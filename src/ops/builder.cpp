#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ops/descriptor.hpp"
#include "ops/program.hpp"
#include "tenon/error.hpp"

namespace tenon::ops {
namespace {

ValueId add_value(Program& program, Value value) {
  program.values.push_back(std::move(value));
  return static_cast<ValueId>(program.values.size() - 1);
}

void require_new_name(const std::vector<NamedValue>& list, const std::string& name,
                      std::string_view what) {
  const bool exists = std::any_of(list.begin(), list.end(),
                                  [&](const NamedValue& entry) { return entry.name == name; });
  if (!exists) return;
  throw ModelError(make_diagnostic(
      "M001", fmt::format("the program has two {}s named {}", what, quote_key(name))));
}

void require_positive(const std::string& name, const Shape& shape) {
  if (std::all_of(shape.begin(), shape.end(), [](std::int64_t size) { return size > 0; })) return;
  throw ShapeError(make_diagnostic(
      "S002", fmt::format("{}: the shape {} has a size below 1", name, shape.to_string())));
}

std::string output_name(const Node& node, const Descriptor& facts, std::size_t index) {
  if (index == 0) return node.name;
  const Port& port = port_at(facts.outputs, index);
  return port.variadic ? fmt::format("{}/{}", node.name, index)
                       : fmt::format("{}/{}", node.name, port.name);
}

}  // namespace

ValueId Builder::input(std::string name, DType dtype, Shape shape) {
  require_new_name(program_.inputs, name, "input");
  require_positive(name, shape);
  const auto slot = static_cast<std::int32_t>(program_.inputs.size());
  const ValueId id = add_value(program_, {.kind = ValueKind::kInput,
                                          .dtype = dtype,
                                          .shape = std::move(shape),
                                          .name = name,
                                          .slot = slot});
  program_.inputs.push_back({std::move(name), id});
  return id;
}

ValueId Builder::variable(std::int32_t slot, std::string name, Shape shape, DType dtype) {
  require_positive(name, shape);
  for (std::size_t i = 0; i < program_.values.size(); ++i) {
    const Value& value = program_.values[i];
    if (value.kind != ValueKind::kVariable || value.slot != slot) continue;
    if (value.shape == shape && value.dtype == dtype) return static_cast<ValueId>(i);
    throw ModelError(make_diagnostic(
        "M001", fmt::format("variable {} ({}) is {} {} at one place and {} {} at another", slot,
                            name, short_name_of(value.dtype), value.shape.to_string(),
                            short_name_of(dtype), shape.to_string())));
  }
  return add_value(program_, {.kind = ValueKind::kVariable,
                              .dtype = dtype,
                              .shape = std::move(shape),
                              .name = std::move(name),
                              .slot = slot});
}

ValueId Builder::constant(float value, Shape shape, DType dtype) {
  require_positive("a constant", shape);
  return add_value(program_, {.kind = ValueKind::kConstant,
                              .dtype = dtype,
                              .shape = std::move(shape),
                              .name = fmt::format("{}", value),
                              .constant = value});
}

void Builder::output(std::string name, ValueId value) {
  require_new_name(program_.outputs, name, "output");
  if (value < 0 || static_cast<std::size_t>(value) >= program_.values.size()) {
    throw ModelError(make_diagnostic(
        "M001",
        fmt::format("output {} is value {}, which does not exist", quote_key(name), value)));
  }
  program_.outputs.push_back({std::move(name), value});
}

std::vector<ValueId> Builder::append(OpKind kind, Attributes attributes,
                                     std::vector<ValueId> inputs, std::string name,
                                     std::vector<bool> wanted_outputs) {
  const Descriptor& facts = descriptor(kind);
  Node node{kind, std::move(attributes), std::move(inputs), {}, std::move(name)};
  if (node.inputs.size() < facts.inputs.size()) node.inputs.resize(facts.inputs.size(), kNoValue);
  std::vector<Value> outputs = infer_outputs(program_, node, wanted_outputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!wanted_outputs.empty() && !wanted_outputs[i]) {
      node.outputs.push_back(kNoValue);
      continue;
    }
    outputs[i].name = output_name(node, facts, i);
    node.outputs.push_back(add_value(program_, std::move(outputs[i])));
  }
  program_.nodes.push_back(std::move(node));
  return program_.nodes.back().outputs;
}

ValueId Builder::apply(OpKind kind, Attributes attributes, std::vector<ValueId> inputs,
                       std::string name) {
  const std::vector<ValueId> outputs =
      append(kind, std::move(attributes), std::move(inputs), std::move(name));
  return outputs.empty() ? kNoValue : outputs.front();
}

}  // namespace tenon::ops
