#pragma once

#include <vector>

#include "contract/contract.hpp"

namespace tenon::contract {

/// G001: the split cannot give the batches that are asked of it, is empty, or never ends while
/// nobody says how many steps an epoch has.
std::vector<Diagnostic> cardinality_problems(const Split& split);

}  // namespace tenon::contract
