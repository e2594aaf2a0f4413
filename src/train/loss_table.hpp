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

/// What `loss` wants of targets. Of a sum: one-hot vectors where one of its terms wants them.
/// Throws ContractError (A001) for class ids beside anything else.
TargetForm target_form_of(const Loss& loss);
bool target_in_unit_range(const Loss& loss);

/// One loss that an op computes, and what it is multiplied with.
struct LossTerm {
  const Loss* loss;
  double weight;
};
/// The loss itself, or the terms of a sum, of sums too.
std::vector<LossTerm> terms_of(const Loss& loss);

/// Throws ContractError (A001) for an argument outside of its range, in a sum of any term.
void check_loss(const Loss& loss);

/// The attributes of the op that computes `loss`, which is no sum. Throws ContractError (A001) for
/// a reduction that is none, or an argument outside of its range.
ops::LossAttributes loss_attributes(const Loss& loss, double weight);

}  // namespace tenon::train
