#pragma once

#include <string>

#include "cli/commands.hpp"
#include "tenon/model.hpp"

namespace tenon::cli {

/// True for .nii and .nii.gz.
bool is_volume_path(const std::string& path);

/// Predicts `dataset` and writes a volume for each sample and output: options.output where that is
/// one, else NAME_OUTPUT_INDEX beside it (without OUTPUT where the model has one).
int predict_volumes(const PredictOptions& options, Model& model, const Dataset& dataset,
                    PredictArguments arguments);

}  // namespace tenon::cli
