#include <string>

#include "op_cases.hpp"

namespace tenon::backend::cases {
namespace {

using ops::ClipAttributes;
using ops::MovingAverageAttributes;
using ops::OpKind;
using ops::OptimizerAttributes;

const Shape kShape{5, 7};

InputSpec constant_input(const std::string& name, const Shape& shape) {
  return {.name = name, .shape = shape, .low = -2.0F, .high = 2.0F, .differentiable = false};
}

/// All outputs of the op, none differentiated.
OpCase clip(const std::string& name, OpKind kind, double limit, std::vector<InputSpec> inputs) {
  auto build = [kind, limit](ops::Builder& builder, const std::vector<ops::ValueId>& values) {
    return CaseOutputs{{}, builder.append(kind, ClipAttributes{limit}, values, "case")};
  };
  return {std::string(ops::name_of(kind)) + "/" + name, kind, std::move(inputs), {}, build};
}

/// w and its slots are variables; a slot that is left out is "".
OpCase update(const std::string& name, OpKind kind, const OptimizerAttributes& attributes,
              const std::vector<std::string>& slots) {
  std::vector<InputSpec> variables = {{.name = "w", .shape = kShape}};
  for (const std::string& slot : slots) {
    if (!slot.empty()) {
      // A running mean of g is smaller than the root of that of g², as it is in training.
      const bool signed_slot = slot == "m" || slot == "momentum" || slot == "average_gradient";
      variables.push_back({.name = slot,
                           .shape = kShape,
                           .low = signed_slot ? -0.1F : 0.2F,
                           .high = signed_slot ? 0.1F : 1.0F});
    }
  }
  auto build = [=](ops::Builder& builder, const std::vector<ops::ValueId>& values) {
    auto next = values.begin() + 1;
    std::vector<ops::ValueId> ports = {*next++, values[0]};
    for (const std::string& slot : slots) {
      ports.push_back(slot.empty() ? ops::kNoValue : *next++);
    }
    builder.append(kind, attributes, std::move(ports), "case");
    return CaseOutputs{};
  };
  return {std::string(ops::name_of(kind)) + "/" + name,
          kind,
          {constant_input("g", kShape)},
          variables,
          build};
}

OpCase moving_average() {
  auto build = [](ops::Builder& builder, const std::vector<ops::ValueId>& values) {
    builder.append(OpKind::kMovingAverageUpdate, MovingAverageAttributes{0.9},
                   {values[1], values[0]}, "case");
    return CaseOutputs{};
  };
  return {"moving_average_update/channels",
          OpKind::kMovingAverageUpdate,
          {constant_input("value", {6})},
          {{.name = "moving", .shape = {6}}},
          build};
}

}  // namespace

std::vector<OpCase> update_cases() {
  const std::vector<InputSpec> three = {constant_input("a", {3, 4}), constant_input("b", {5}),
                                        constant_input("c", {2, 2, 2})};
  return {
      moving_average(),
      clip("cuts", OpKind::kClipByValue, 0.5, {constant_input("g", kShape)}),
      clip("cuts", OpKind::kClipByNorm, 1.0, {constant_input("g", kShape)}),
      clip("leaves", OpKind::kClipByNorm, 100.0, {constant_input("g", kShape)}),
      clip("cuts", OpKind::kClipByGlobalNorm, 1.0, three),
      clip("leaves", OpKind::kClipByGlobalNorm, 100.0, three),
      update("plain", OpKind::kSgdUpdate, {}, {}),
      update("decay", OpKind::kSgdUpdate, {.weight_decay = 0.01}, {}),
      update("momentum", OpKind::kSgdUpdate, {.momentum = 0.9}, {"momentum"}),
      update("nesterov", OpKind::kSgdUpdate, {.momentum = 0.9, .nesterov = true}, {"momentum"}),
      update("plain", OpKind::kAdamUpdate, {}, {"m", "v"}),
      update("decay", OpKind::kAdamUpdate, {.weight_decay = 0.004}, {"m", "v"}),
      update("amsgrad", OpKind::kAdamUpdate, {.amsgrad = true}, {"m", "v", "vhat"}),
      update("plain", OpKind::kRmspropUpdate, {}, {"velocity"}),
      update("momentum", OpKind::kRmspropUpdate, {.momentum = 0.9}, {"velocity", "momentum"}),
      update("centered", OpKind::kRmspropUpdate, {.centered = true},
             {"velocity", "", "average_gradient"}),
      update("both", OpKind::kRmspropUpdate, {.momentum = 0.9, .centered = true},
             {"velocity", "momentum", "average_gradient"}),
  };
}

}  // namespace tenon::backend::cases
