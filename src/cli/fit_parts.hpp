#pragma once

#include <string>

#include "cli/table_reader.hpp"
#include "tenon/model.hpp"

namespace tenon::cli {

/// Runs `make` and turns its error (an unknown word, a value out of range) into a C001 at `line`
/// with the same words.
template <class T, class Make>
T with_line(int line, Problems& problems, T otherwise, Make make) {
  try {
    return make();
  } catch (const Error& error) {
    problems.add(error, line);
    return otherwise;
  }
}
/// The same of a check that gives nothing.
template <class Check>
void check_with_line(int line, Problems& problems, Check check) {
  with_line(line, problems, 0, [&] { return check(), 0; });
}

/// "adam", or { name = "adam", learning_rate = 0.001 }.
Optimizer read_optimizer(const data::ArgumentValue& value, Problems& problems);
/// "mse", { name = "…", from_logits = true }, or a table of these by output name.
PerOutput<Loss> read_losses(const data::ArgumentValue& value, Problems& problems);
PerOutput<double> read_loss_weights(const data::ArgumentValue& value, Problems& problems);
/// A list of words and tables, or a table of such lists by output name.
PerOutput<Metrics> read_metrics(const data::ArgumentValue& value, const std::string& place,
                                Problems& problems);
/// A list of weights by class id, or a table of such lists by output name.
PerOutput<ClassWeights> read_class_weights(const data::ArgumentValue& value, Problems& problems);
/// [ { name = "early_stopping", monitor = "val_loss" } ]; files are put into `folder`.
Callbacks read_callbacks(const data::ArgumentValue& value, const std::string& folder,
                         Problems& problems);

}  // namespace tenon::cli
