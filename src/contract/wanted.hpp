#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace tenon::contract {

/// A name that the training needs data for.
struct Wanted {
  std::string name;  ///< The data key that is looked for.
  std::string port;  ///< The model's name it is for: the input, or the output.
  Role role = Role::kInput;
  TensorSpec spec;                        ///< With the batch axis "B".
  const TrainedOutput* output = nullptr;  ///< Targets and weights only.
  std::optional<std::size_t> slot;        ///< Of the data's schema, once found.
};

/// Names of one split joined with its schema.
struct Join {
  std::vector<Wanted> wanted;       ///< Inputs, then targets, then weights.
  std::vector<std::size_t> unused;  ///< Slots that nothing wants and nobody ignores.
};

/// Joins by name. A field of a role joins only wishes of that role; kData joins any. The one
/// unnamed target (or weight) of a generator joins the one output that has a loss.
Join join(const TrainingInterface& interface, const Schema& schema);

/// The spec that a target of `output` should have, with the batch axis.
TensorSpec target_spec(const TrainedOutput& output);

/// "model input", "target of output", "sample weights of output": how messages call a wish.
std::string_view title_of(Role role) noexcept;

}  // namespace tenon::contract
