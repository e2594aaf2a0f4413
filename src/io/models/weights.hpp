#pragma once

#include <optional>
#include <string>

#include "io/models/weight_tree.hpp"
#include "tenon/model.hpp"
#include "train/state.hpp"

namespace tenon::models {

/// The model's weights, and the optimizer's state if there is one, as Keras lays them out.
WeightTree weights_of(const Model& model);

/// Joins the file's weights with the model's by layer name (files of Keras before 3.6 have none:
/// then by group path) and assigns them. Throws ContractError (W001) that lists every layer and
/// weight that is missing, left over or of another shape; nothing is assigned then.
void assign_weights(Model& model, const WeightTree& tree, const std::string& file);

/// The optimizer's state of the file; nothing where it has none. `slots` are in file order.
std::optional<train::OptimizerState> optimizer_state_of(const WeightTree& tree,
                                                        double learning_rate);

}  // namespace tenon::models
