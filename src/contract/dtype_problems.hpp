#pragma once

#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// D001 (a conversion would lose values), D003 (uint8 0..255 into a model with no rescaling, a
/// warning) and notes on conversions that widen and lose nothing.
std::vector<Diagnostic> dtype_problems(const TrainingInterface& interface, const Split& split,
                                       const Join& join);

/// True if `data` may be bound where `wish` wants its dtype. Integer targets and weights become
/// float32 under a check of every value (see BatchChecker).
bool dtype_fits(const Wanted& wish, DType data);

}  // namespace tenon::contract
