#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/confusion.hpp"
#include "cli/experiment.hpp"

namespace tenon::cli {

/// What evaluating a split gave.
struct Evaluation {
  std::string split;
  std::string model;                                          ///< The file of the weights.
  Logs logs;                                                  ///< Loss and metrics.
  std::vector<std::pair<std::string, Confusion>> confusions;  ///< By output, where it has classes.
  std::int64_t samples = 0;
  std::vector<BadSample> bad_samples;
};

/// `model` is compiled as [fit] says. Of all ranks, on each of them.
Evaluation evaluate_split(Model& model, const Experiment& experiment, const std::string& split,
                          const Distribution& distribution = {});

/// For people.
std::string to_text(const Evaluation& evaluation);
/// {"ok": true, "metrics": {"loss": …}, "outputs": {"cell": {"recall": {"RBC": …}, …}}, …}
std::string to_json(const Evaluation& evaluation);

}  // namespace tenon::cli
