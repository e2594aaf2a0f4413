#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/model.hpp"

namespace tenon::train {

/// What an optimizer knows beside the weights.
struct OptimizerState {
  std::int64_t iterations = 0;  ///< Updates done.
  double learning_rate = 0.001;
  /// Keras's order and names ("adam/small_conv_kernel_momentum"). Adam: momentum and velocity
  /// variable by variable, then all velocity_hat; RMSprop: all velocity, then all momentum, then
  /// all average_gradient; SGD: momentum. Empty where no step was taken yet.
  std::vector<std::pair<std::string, Tensor>> slots;
};

/// Nothing where the model is not compiled.
std::optional<OptimizerState> optimizer_state(const Model& model);
/// For a compiled model. Slots are matched by position, as in Keras; none: they start at zero.
/// Throws ContractError (W001) if count or shapes differ, (A001) if the model is not compiled;
/// nothing is changed then.
void set_optimizer_state(Model& model, const OptimizerState& state);

}  // namespace tenon::train
