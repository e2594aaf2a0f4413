#pragma once

#include <vector>

#include "contract/contract.hpp"

namespace tenon::contract {

/// S008: keys of TrainingInterface::same_grid whose grids are known and differ, by how much, and
/// the stage that moved one. A key whose grid is not known says nothing, one that is not there is
/// K007.
std::vector<Diagnostic> grid_problems(const TrainingInterface& interface, const Split& split);

}  // namespace tenon::contract
