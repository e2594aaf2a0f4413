#pragma once

#include <vector>

#include "contract/contract.hpp"
#include "tenon/model.hpp"

namespace tenon::train {

/// The data sets of one call of fit, all observed.
struct FitData {
  Dataset train;
  std::optional<Dataset> validation;
  /// The epochs draw on one stream: steps_per_epoch was given, or a generator.
  bool continues = false;
};
FitData fit_data(const Dataset& train, const FitArguments& arguments);

/// Everything that keeps this call of fit from running, without a batch being pulled: arguments,
/// names, keys, shapes, dtypes, cardinality, monitors. The errors first; empty if all fits.
std::vector<Diagnostic> fit_problems(const Model& model, const FitData& data,
                                     const FitArguments& arguments, SourceLocation location);

/// The weights of classes per output, empty where there are none.
std::vector<ClassWeights> class_weights_by_output(const Model& model,
                                                  const FitArguments& arguments);

}  // namespace tenon::train
