#pragma once

#include <cstdint>

#include "experiment.hpp"

namespace tenon::mutation {

/// The experiment of number `index`: data, stages and model that fit. The same for the same number.
Experiment compose(int index);

}  // namespace tenon::mutation
