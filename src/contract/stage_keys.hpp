#pragma once

#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// Gives each key that a stage misses (K007) the nearest of the keys that exist there: one
/// assignment for all of them, in which a key that nothing uses goes to one stage only and is
/// taken before one that is used as well; what the same stage uses under its own name comes last.
/// `joined`: what the training takes from the end of the stages.
void pair_stage_keys(std::vector<Diagnostic>& problems, const Split& split, const Join& joined);

}  // namespace tenon::contract
