#pragma once

#include <string>

#include "graph/argument.hpp"

namespace tenon::graph {

/// The value as C++ writes it: `"same"`, `{3, 3}`, `0.5`. For messages and for suggested code.
std::string text_of(const ArgumentReference& value);
/// The argument's own rule, joined with what holds of all: sizes are at most 2^31 − 1.
Rule rule_of(const Argument& argument, const ArgumentReference& value);

}  // namespace tenon::graph
