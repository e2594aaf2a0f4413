#pragma once

#include "graph/model_object.hpp"

namespace tenon::graph {

/// Gives the layers that have no name of their own the names that Keras gives them in a fresh
/// process: "conv2d", "conv2d_1", … in the order in which the layers were made. Names so depend on
/// the model alone, whatever the program built before. A name once given stays.
/// Weights of layers in nested models whose names are taken get the nested model's name before
/// theirs (see Variable::layer).
void name_layers(const ModelObject& model);

}  // namespace tenon::graph
