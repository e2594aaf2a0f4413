#pragma once

#include <string>
#include <vector>

#include "tenon/model.hpp"
#include "train/outputs.hpp"

namespace tenon::train {

/// What a model, what compile() said of it, and the arguments of one call want of data, for the
/// contract. `log_names` are those of the training; "val_" ones are added where fit validates.
TrainingInterface fit_interface(const Model& model, const CompileArguments& compiled,
                                const FitArguments& arguments, SourceLocation location);
TrainingInterface evaluate_interface(const Model& model, const CompileArguments& compiled,
                                     const EvaluateArguments& arguments, SourceLocation location);
TrainingInterface predict_interface(const Model& model, const PredictArguments& arguments,
                                    SourceLocation location);

/// What `loss` wants of the targets of `out`, whose port is set.
void take_loss(TrainedOutput& out, const Loss& loss);

/// The names of an epoch's logs; without those of metrics that an output cannot have.
std::vector<std::string> epoch_log_names(const std::vector<OutputTraining>& outputs,
                                         bool validation);

}  // namespace tenon::train
