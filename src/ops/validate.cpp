#include <fmt/format.h>

#include <set>
#include <string>

#include "ops/descriptor.hpp"
#include "ops/program.hpp"
#include "tenon/error.hpp"

namespace tenon::ops {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw ModelError(make_diagnostic("M001", message));
}

std::string title(const Node& node) {
  return fmt::format("{} ({})", node.name.empty() ? "(unnamed)" : node.name, name_of(node.kind));
}

class Validator {
 public:
  explicit Validator(const Program& program)
      : program_(program), available_(program.values.size(), false) {}

  void run() {
    check_values();
    check_inputs();
    for (const Node& node : program_.nodes) check_node(node);
    check_outputs();
  }

 private:
  bool exists(ValueId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < program_.values.size();
  }

  void check_values() {
    std::set<std::int32_t> slots;
    for (std::size_t i = 0; i < program_.values.size(); ++i) {
      const Value& value = program_.values[i];
      available_[i] = value.kind != ValueKind::kIntermediate;
      if (value.kind != ValueKind::kVariable) continue;
      if (value.slot < 0) fail(fmt::format("the variable \"{}\" has no slot", value.name));
      if (!slots.insert(value.slot).second) {
        fail(fmt::format("two values are variable {} (\"{}\")", value.slot, value.name));
      }
    }
  }

  void check_inputs() const {
    std::set<std::string> names;
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
      const auto& [name, id] = program_.inputs[i];
      if (!names.insert(name).second) fail(fmt::format("two inputs are named \"{}\"", name));
      if (!exists(id) || program_.value(id).kind != ValueKind::kInput ||
          program_.value(id).slot != static_cast<std::int32_t>(i)) {
        fail(fmt::format("input {} (\"{}\") is not the value that says so", i, name));
      }
    }
    for (const Value& value : program_.values) {
      if (value.kind == ValueKind::kInput &&
          (value.slot < 0 || static_cast<std::size_t>(value.slot) >= program_.inputs.size())) {
        fail(fmt::format("the input value \"{}\" is not in the list of inputs", value.name));
      }
    }
  }

  void check_node(const Node& node) {
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      if (!exists(id)) fail(fmt::format("{}: input {} does not exist", title(node), id));
      if (!available_[static_cast<std::size_t>(id)]) {
        fail(fmt::format("{}: reads \"{}\" (value {}) before it is computed", title(node),
                         program_.value(id).name, id));
      }
    }
    const std::size_t count = output_count(descriptor(node.kind), node);
    if (node.outputs.size() != count) {
      fail(fmt::format("{}: has {} outputs, the op has {}", title(node), node.outputs.size(),
                       count));
    }
    check_results(node, inferred(node));
  }

  std::vector<Value> inferred(const Node& node) const {
    std::vector<bool> wanted;
    for (const ValueId id : node.outputs) wanted.push_back(id != kNoValue);
    try {
      return infer_outputs(program_, node, wanted);
    } catch (const ShapeError& error) {
      fail(error.diagnostics().front().message);
    }
  }

  void check_results(const Node& node, const std::vector<Value>& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const ValueId id = node.outputs[i];
      if (id == kNoValue) continue;
      if (!exists(id)) fail(fmt::format("{}: output {} does not exist", title(node), id));
      const Value& value = program_.value(id);
      if (available_[static_cast<std::size_t>(id)]) {
        fail(fmt::format("{}: computes \"{}\" (value {}), which is there already", title(node),
                         value.name, id));
      }
      if (value.dtype != expected[i].dtype || value.shape != expected[i].shape ||
          value.opaque != expected[i].opaque) {
        fail(fmt::format("{}: \"{}\" is {} {}, the op gives {} {}", title(node), value.name,
                         name_of(value.dtype), value.shape.to_string(), name_of(expected[i].dtype),
                         expected[i].shape.to_string()));
      }
      available_[static_cast<std::size_t>(id)] = true;
    }
  }

  void check_outputs() const {
    std::set<std::string> names;
    for (const auto& [name, id] : program_.outputs) {
      if (!names.insert(name).second) fail(fmt::format("two outputs are named \"{}\"", name));
      if (!exists(id) || !available_[static_cast<std::size_t>(id)]) {
        fail(fmt::format("output \"{}\" is never computed", name));
      }
      if (program_.value(id).opaque) {
        fail(fmt::format("output \"{}\" is opaque, nobody can read it", name));
      }
    }
  }

  const Program& program_;
  std::vector<bool> available_;
};

}  // namespace

void validate(const Program& program) { Validator(program).run(); }

}  // namespace tenon::ops
