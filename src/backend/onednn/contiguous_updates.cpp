#include <algorithm>
#include <map>

#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
using ops::ValueId;

// The kernels of updates are element by element, so their order changes no number.
void contiguous_updates(Graph& graph) {
  const Connections connections(graph);
  std::map<ValueId, int> made_by;
  for (GraphNode& node : graph.nodes) {
    if (node.kind != NodeKind::kUpdateGroup) continue;
    node.contiguous = true;
    for (const ops::Node& update : node.group) {
      const ValueId gradient = update.inputs[1];
      made_by[gradient] = connections.producer(before_clips(graph, connections, gradient));
    }
    std::ranges::stable_sort(node.group, {},
                             [&](const ops::Node& update) { return made_by.at(update.inputs[1]); });
  }
}

}  // namespace tenon::backend::onednn
