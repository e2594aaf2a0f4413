#pragma once

#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// K001 to K006, K010 and K011 for one split: wishes without data, and data that nothing uses.
std::vector<Diagnostic> key_problems(const TrainingInterface& interface, const Split& split,
                                     const Join& join);

/// The side-by-side table of all wishes of `role` and what the split gives for each.
Comparison comparison_table(const TrainingInterface& interface, const Split& split,
                            const Join& join, Role role);

}  // namespace tenon::contract
