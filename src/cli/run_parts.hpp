#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/experiment.hpp"

namespace tenon::cli {

/// The split of that name. Throws FormatError (C001) that lists those of the file.
const SplitTable& require_split(const Experiment& experiment, const std::string& name);

/// A model and where its weights come from.
struct RunModel {
  Model model;
  std::string path;       ///< The file of the weights.
  bool fallback = false;  ///< No training has ended in the output folder: [model] path was taken.
};
/// The model with the weights that a run uses: `weights` (.keras, .weights.h5) if given, else
/// output/model.keras if training has ended there, else [model] path, with a warning on standard
/// error (of rank 0) that begins with what is being done ("evaluating").
RunModel run_model(const Experiment& experiment, const std::string& weights, std::string_view doing,
                   const Distribution& distribution = {});

/// The ranks of a command, with what [fit] distribution says of them.
Distribution settled_distribution(const Experiment& experiment, const Distribution& distribution);

/// Throws FormatError (C001) unless `path` ends in one of `endings` (".npz").
void require_ending(const std::string& command, const std::string& path,
                    const std::vector<std::string>& endings);

/// Classes by output name, as an `encode` stage of the file states them for that key.
std::vector<std::pair<std::string, std::vector<std::string>>> class_names(
    const Experiment& experiment);

/// Writes split, file, row, id, source, source_row, stage and reason of every bad sample; no file
/// if there are none.
void write_bad_samples(const std::string& path, const std::vector<BadSample>& bad_samples);

/// A text as a CSV cell (RFC 4180).
std::string csv_cell(const std::string& text);

}  // namespace tenon::cli
