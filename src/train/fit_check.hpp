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
  /// A third set, to be evaluated later: checked with the others, its targets may be absent.
  std::optional<Dataset> test{};
  /// … or one that is only compared with the others, for leakage.
  std::optional<Dataset> held_out{};
};
FitData fit_data(const Dataset& train, const FitArguments& arguments);

/// What was held against what, and what was found.
struct FitCheck {
  TrainingInterface interface;
  std::vector<contract::Split> splits;  ///< They point into the FitData.
  std::vector<Diagnostic> problems;
};
/// As fit_problems(), with the fixes that come to mind, untried.
FitCheck check_fit(const Model& model, const FitData& data, const FitArguments& arguments,
                   SourceLocation location);

/// Everything that keeps this call of fit from running, without a batch being pulled: arguments,
/// names, keys, shapes, dtypes, cardinality, monitors. The errors first; empty if all fits. Fixes
/// were tried.
std::vector<Diagnostic> fit_problems(const Model& model, const FitData& data,
                                     const FitArguments& arguments, SourceLocation location);

/// The weights of classes per output, empty where there are none.
std::vector<ClassWeights> class_weights_by_output(const Model& model,
                                                  const FitArguments& arguments);

}  // namespace tenon::train
