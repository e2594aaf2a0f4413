#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/op.hpp"
#include "tenon/optimizers.hpp"

namespace tenon::train {

/// "SGD", "Adam", …
std::span<const std::string_view> optimizer_classes();

/// The class name of a word ("adam" -> "Adam"). Throws ContractError (A001) with the nearest one.
std::string_view optimizer_class(std::string_view word);

/// Throws ContractError (A001) where a number is outside of its range, or two kinds of clipping are
/// asked for at once.
void check_optimizer(const Optimizer& optimizer);

/// How an optimizer's update op is called: its kind, attributes, and the slots per variable.
struct UpdateRule {
  ops::OpKind kind;
  ops::OptimizerAttributes attributes;
  /// The slots of each variable in the order of the op's ports: "momentum", "velocity", …; nothing
  /// for an optional port that is not connected.
  std::vector<std::optional<std::string_view>> ports;
  /// The same slots in Keras's order of files: groups of slots; the slots of a group stand together
  /// variable by variable. Adam: {momentum, velocity}, then {velocity_hat}. Indices into `ports`.
  std::vector<std::vector<std::size_t>> file_groups;
};
UpdateRule update_rule(const Optimizer& optimizer);

}  // namespace tenon::train
