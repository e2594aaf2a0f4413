#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/model.hpp"

namespace tenon::train {

/// What compile() says of one output.
struct OutputTraining {
  Port port;  ///< With the batch axis "B".
  std::optional<Loss> loss;
  double loss_weight = 1.0;
  Metrics metrics;
  Metrics weighted_metrics;

  const std::string& name() const noexcept { return port.name; }
  TargetForm target_form() const;  ///< kSameShape where there is no loss.
  /// The size of the last axis; 1 where the output has no axis but the batch's.
  std::int64_t classes() const;
};

/// The arguments of compile() sorted by output. Names that are no output's are left out here; they
/// are among name_uses().
std::vector<OutputTraining> resolve_outputs(const std::vector<Port>& outputs,
                                            const CompileArguments& arguments);

/// Every output name that was given to compile(), with its place.
std::vector<NameUse> name_uses(const CompileArguments& arguments);

/// What is wrong with the arguments of compile() for this model, beside the names in name_uses():
/// no loss at all, one loss for several outputs, a metric that the output cannot have.
std::vector<Diagnostic> compile_problems(const std::string& model_name,
                                         const std::vector<Port>& outputs,
                                         const CompileArguments& arguments);

/// How many outputs have a loss.
std::size_t count_losses(const std::vector<OutputTraining>& outputs);

}  // namespace tenon::train
