#pragma once

#include <string>

#include "graph/layer_object.hpp"

namespace tenon::graph {

/// `Conv2D(32, {3, 3}, {.activation = "relu", .name = "stem"})`: what would make the layer; names
/// that were made here are left out.
std::string cpp_text(const LayerObject& layer);
/// A variable's name made of a layer's: "small_conv" of "Small conv".
std::string cpp_identifier(const std::string& name);

}  // namespace tenon::graph
