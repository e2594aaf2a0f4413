#include <algorithm>

#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

// Moves no element: the axes of more than one element keep their order.
bool moves_nothing(const Graph& graph, const GraphNode& node) {
  if (!is_single(node, OpKind::kTranspose)) return false;
  const Shape& x = graph.value(node.op.inputs[0]).shape;
  const auto& axes = std::get<ops::PermutationAttributes>(node.op.attributes).axes;
  int last = -1;
  return std::ranges::all_of(axes, [&](int axis) {
    if (x[static_cast<std::size_t>(axis)] == 1) return true;
    const bool in_order = axis > last;
    last = axis;
    return in_order;
  });
}

}  // namespace

// Lowered, a reshape is a view.
void fold_reshapes(Graph& graph) {
  for (GraphNode& node : graph.nodes) {
    if (!moves_nothing(graph, node)) continue;
    node.op.kind = OpKind::kReshape;
    node.op.attributes = ops::ShapeAttributes{graph.value(node.op.outputs[0]).shape};
  }
  const Connections connections(graph);
  Renaming renaming(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    GraphNode& node = graph.nodes[i];
    if (!is_single(node, OpKind::kReshape)) continue;
    node.op.inputs[0] = behind_reshapes(graph, connections, node.op.inputs[0]);
    const ValueId made = node.op.outputs[0];
    if (graph.value(made).shape == graph.value(node.op.inputs[0]).shape) {
      renaming.replace(i, made, node.op.inputs[0]);
    }
  }
  renaming.apply();
}

}  // namespace tenon::backend::onednn
