#pragma once

#include <string>
#include <vector>

#include "tenon/model.hpp"

namespace tenon::graph {

/// C++ for the model that a Sequential with several Inputs was likely meant to be: one branch per
/// Input, joined where the last one becomes a vector, with the user's own layers and names.
std::string functional_form(const std::vector<SequentialItem>& items);

}  // namespace tenon::graph
