#pragma once

#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// S001 to S005, S007, D001 and D003 for the wishes that have data, and notes on widening casts.
std::vector<Diagnostic> shape_problems(const TrainingInterface& interface, const Split& split,
                                       const Join& join);

}  // namespace tenon::contract
