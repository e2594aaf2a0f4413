#pragma once

#include <cstdint>

#include "experiment.hpp"

namespace tenon::mutation {

/// Experiments from this number on are of volumes, serialized samples and several files.
constexpr int kPlainExperiments = 300;

/// The experiment of number `index`: data, stages and model that fit. The same for the same number.
Experiment compose(int index);

}  // namespace tenon::mutation
