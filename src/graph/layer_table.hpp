#pragma once

#include <string>

namespace tenon::graph {

/// The table of docs/layers.md: one row per layer with its arguments, their defaults and rules, in
/// Markdown. A test holds the file to it.
std::string layer_table();

}  // namespace tenon::graph
