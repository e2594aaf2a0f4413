#pragma once

#include <string>

#include "experiment.hpp"

namespace tenon::mutation {

/// Keras's JSON of a small model with the experiment's inputs and outputs.
std::string model_json(const Experiment& experiment);

}  // namespace tenon::mutation
