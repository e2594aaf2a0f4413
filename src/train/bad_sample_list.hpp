#pragma once

#include <string>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon::train {

/// Adds those of `met` that `known` does not hold yet, and tells the message sink of each of them
/// once, as a warning with file and row. Epochs meet the same bad samples again.
void remember_bad_samples(std::vector<BadSample>& known, const std::vector<BadSample>& met,
                          const std::string& split);

}  // namespace tenon::train
