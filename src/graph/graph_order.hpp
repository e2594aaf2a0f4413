#pragma once

#include <memory>
#include <vector>

#include "graph/layer_object.hpp"

namespace tenon::graph {

/// The calls and layers between inputs and outputs, in the orders of ModelObject.
struct GraphOrder {
  std::vector<std::shared_ptr<LayerObject>> layers;
  std::vector<std::shared_ptr<CallNode>> nodes;
  bool plain_stack = false;
};

/// Walks back from the outputs, and no further than the inputs. The depth of a call is the number
/// of calls between it and the furthest output; that of a layer the largest of its calls.
GraphOrder order_graph(const std::vector<SymbolicTensor>& inputs,
                       const std::vector<SymbolicTensor>& outputs);

}  // namespace tenon::graph
