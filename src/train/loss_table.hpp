#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ops/op.hpp"
#include "tenon/losses.hpp"
#include "tenon/training_interface.hpp"

namespace tenon::train {

/// All facts of one loss, stated once.
struct LossEntry {
  std::string_view class_name;            ///< Keras's
  std::vector<std::string_view> aliases;  ///< Words beside the class name and its snake case.
  ops::LossKind kind;
  TargetForm target_form;
  bool target_in_unit_range;  ///< Targets are probabilities, in [0, 1].
};

std::span<const LossEntry> loss_entries();

/// The entry of a class name. Throws ContractError (A001) with the nearest one.
const LossEntry& loss_entry(std::string_view class_name);

/// The attributes of the op that computes `loss`. Throws ContractError (A001) for a reduction that
/// is none, or a label smoothing outside of [0, 1].
ops::LossAttributes loss_attributes(const Loss& loss, double weight);

}  // namespace tenon::train
