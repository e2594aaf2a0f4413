#include <fmt/format.h>

#include <utility>

#include "ops/descriptor.hpp"
#include "ops/program.hpp"
#include "tenon/error.hpp"

namespace tenon::ops {
namespace {

void require_scalar_loss(const Program& program, ValueId loss) {
  const bool exists = loss >= 0 && static_cast<std::size_t>(loss) < program.values.size();
  if (exists) {
    const Value& value = program.value(loss);
    if (value.shape.rank() == 0 && is_floating(value.dtype) && !value.opaque) return;
    throw ModelError(make_diagnostic(
        "M001", fmt::format("the loss \"{}\" is {} {}, expected a floating scalar ()", value.name,
                            name_of(value.dtype), value.shape.to_string())));
  }
  throw ModelError(
      make_diagnostic("M001", fmt::format("the loss is value {}, which does not exist", loss)));
}

/// Walks the nodes from the last to the first and collects what flows into each value.
class GradientPass {
 public:
  GradientPass(Program& program, const std::vector<ValueId>& targets)
      : program_(program), builder_(program), gradients_(program.values.size()) {
    mark_dependent(targets);
  }

  void run(ValueId loss) {
    if (!depends(loss)) return;
    gradients_[index(loss)] = {builder_.constant(1.0F, Shape{}, builder_.dtype(loss))};
    for (std::size_t i = program_.nodes.size(); i > 0; --i) visit(i - 1);
  }

  /// The sum of all that flowed into `value`; kNoValue if nothing did.
  ValueId gradient_of(ValueId value) {
    if (value == kNoValue) return kNoValue;
    std::vector<ValueId>& parts = gradients_[index(value)];
    if (parts.size() > 1) {
      parts = {builder_.apply(OpKind::kAddN, NoAttributes{}, parts,
                              program_.value(value).name + "/gradient")};
    }
    return parts.empty() ? kNoValue : parts.front();
  }

 private:
  static std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }
  bool depends(ValueId id) const { return id != kNoValue && depends_[index(id)]; }

  void mark_dependent(const std::vector<ValueId>& targets) {
    depends_.assign(program_.values.size(), false);
    for (const ValueId target : targets) depends_.at(index(target)) = true;
    for (const Node& node : program_.nodes) {
      bool dependent = false;
      for (const ValueId id : node.inputs) dependent = dependent || depends(id);
      for (const ValueId id : node.outputs) {
        if (dependent && id != kNoValue) depends_[index(id)] = true;
      }
    }
  }

  std::vector<bool> wanted_inputs(const Node& node) const {
    std::vector<bool> wanted;
    for (const ValueId id : node.inputs) {
      wanted.push_back(depends(id) && is_floating(program_.value(id).dtype) &&
                       !program_.value(id).opaque);
    }
    return wanted;
  }

  void visit(std::size_t position) {
    // A copy: rules append nodes, which moves those in the program.
    const Node node = program_.nodes[position];
    bool any = false;
    std::vector<ValueId> output_gradients;
    const std::vector<bool> wanted = wanted_inputs(node);
    for (const bool one : wanted) any = any || one;
    if (!any) return;
    any = false;
    for (const ValueId id : node.outputs) {
      output_gradients.push_back(gradient_of(id));
      any = any || output_gradients.back() != kNoValue;
    }
    if (any) apply_rule(node, output_gradients, wanted);
  }

  void apply_rule(const Node& node, const std::vector<ValueId>& output_gradients,
                  const std::vector<bool>& wanted) {
    const GradientRule rule = descriptor(node.kind).gradient;
    if (rule == nullptr) {
      throw ModelError(make_diagnostic(
          "M001", fmt::format("{} ({}): the loss depends on it, but the op has no gradient",
                              node.name, name_of(node.kind))));
    }
    const std::vector<ValueId> made = rule(builder_, node, output_gradients, wanted);
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (wanted[i] && made[i] != kNoValue) gradients_[index(node.inputs[i])].push_back(made[i]);
    }
  }

  Program& program_;
  Builder builder_;
  std::vector<bool> depends_;
  std::vector<std::vector<ValueId>> gradients_;  ///< By the values that existed at the start.
};

}  // namespace

std::vector<ValueId> append_gradients(Program& program, ValueId loss,
                                      const std::vector<ValueId>& targets) {
  require_scalar_loss(program, loss);
  for (const ValueId target : targets) {
    if (target >= 0 && static_cast<std::size_t>(target) < program.values.size()) continue;
    throw ModelError(make_diagnostic(
        "M001", fmt::format("a gradient is wanted of value {}, which does not exist", target)));
  }
  GradientPass pass(program, targets);
  pass.run(loss);
  std::vector<ValueId> gradients;
  for (const ValueId target : targets) gradients.push_back(pass.gradient_of(target));
  return gradients;
}

}  // namespace tenon::ops
