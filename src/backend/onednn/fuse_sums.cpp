#include <algorithm>

#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;

const ops::ActivationAttributes* relu_of(const GraphNode& node, OpKind kind) {
  if (!is_single(node, kind)) return nullptr;
  const auto& attributes = std::get<ops::ActivationAttributes>(node.op.attributes);
  return is_rectifier(attributes) ? &attributes : nullptr;
}

// Of values of one shape.
bool is_sum(const Graph& graph, const GraphNode& node) {
  if (!is_single(node, OpKind::kAdd) && !is_single(node, OpKind::kAddN)) return false;
  const Shape& shape = graph.value(node.op.outputs[0]).shape;
  return !node.rectified && node.mask == ops::kNoValue && node.op.inputs.size() > 1 &&
         graph.value(node.op.outputs[0]).dtype == DType::kFloat32 &&
         std::ranges::all_of(node.op.inputs,
                             [&](ops::ValueId id) { return graph.value(id).shape == shape; });
}

/// True if the sum took in what alone reads it; that one is to be removed.
bool take_in(GraphNode& sum, const GraphNode& reader) {
  if (const auto* forward = relu_of(reader, OpKind::kActivation)) {
    sum.rectified = true;
    sum.slope = rectifier_slope(*forward);
  } else if (const auto* backward = relu_of(reader, OpKind::kActivationBackward);
             backward != nullptr && reader.op.inputs[1] == sum.op.outputs[0] &&
             reader.op.inputs[0] != sum.op.outputs[0]) {
    sum.mask = reader.op.inputs[0];
    sum.slope = rectifier_slope(*backward);
  } else {
    return false;
  }
  sum.op.kind = OpKind::kAddN;
  sum.op.attributes = ops::NoAttributes{};
  sum.op.outputs[0] = reader.op.outputs[0];
  sum.operations += reader.operations;
  return true;
}

}  // namespace

void fuse_sums(Graph& graph) {
  const Connections connections(graph);
  std::vector<bool> gone(graph.nodes.size(), false);
  for (GraphNode& node : graph.nodes) {
    if (!is_sum(graph, node)) continue;
    const int reader = connections.only_consumer(node.op.outputs[0]);
    if (reader < 0) continue;
    gone[static_cast<std::size_t>(reader)] =
        take_in(node, graph.nodes[static_cast<std::size_t>(reader)]);
  }
  std::vector<GraphNode> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
}

}  // namespace tenon::backend::onednn
