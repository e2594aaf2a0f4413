#include "backend/onednn/convolution.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {

void choose_winograd(Graph& graph) {
  for (GraphNode& node : graph.nodes) {
    if (node.blocked) node.winograd = suits_winograd(convolution_of(graph, node.op), node);
  }
}

}  // namespace tenon::backend::onednn
