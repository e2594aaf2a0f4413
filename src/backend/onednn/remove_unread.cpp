#include <algorithm>

#include "backend/onednn/passes.hpp"
#include "ops/descriptor.hpp"

namespace tenon::backend::onednn {
namespace {

bool writes_variables(const GraphNode& node) {
  if (node.kind == NodeKind::kUpdateGroup) return true;
  const auto& ports = ops::descriptor(node.op.kind).inputs;
  return std::any_of(ports.begin(), ports.end(),
                     [](const ops::Port& port) { return port.written; });
}

}  // namespace

void remove_unread(Graph& graph) {
  std::vector<bool> read(graph.program->values.size(), false);
  for (const ops::NamedValue& output : graph.program->outputs) {
    read[static_cast<std::size_t>(output.value)] = true;
  }
  std::vector<GraphNode> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    bool needed = writes_variables(*node);
    for_outputs(*node,
                [&](ops::ValueId id) { needed = needed || read[static_cast<std::size_t>(id)]; });
    if (!needed) continue;
    for_inputs(*node, [&](ops::ValueId id) { read[static_cast<std::size_t>(id)] = true; });
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
}

}  // namespace tenon::backend::onednn
