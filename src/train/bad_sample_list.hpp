#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/bad_samples.hpp"
#include "tenon/dataset.hpp"

namespace tenon::train {

/// Adds those of `met` that `known` does not hold yet, and tells the message sink of each of them
/// once, as a warning with file and row. Epochs meet the same bad samples again.
void remember_bad_samples(std::vector<BadSample>& known, const std::vector<BadSample>& met,
                          const std::string& split);

/// As rethrow_with. Where too many samples were bad, which ends the run, the error's list gets
/// those that were `known` of other splits before, and the name of its split: that of the
/// diagnostics' RunPlace.
[[noreturn]] void rethrow_with_bad_samples(const std::function<void(Diagnostic&)>& edit,
                                           const std::vector<BadSample>& known = {});

}  // namespace tenon::train
