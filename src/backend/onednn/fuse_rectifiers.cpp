#include <algorithm>

#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;

bool takes_rectifier(OpKind kind) {
  return kind == OpKind::kConvolution || kind == OpKind::kDense ||
         kind == OpKind::kBatchNormalizationTraining ||
         kind == OpKind::kBatchNormalizationInference;
}

const ops::ActivationAttributes* rectifier_of(const GraphNode& node, OpKind kind) {
  if (node.kind != NodeKind::kSingle || node.op.kind != kind) return nullptr;
  const auto& attributes = std::get<ops::ActivationAttributes>(node.op.attributes);
  return is_rectifier(attributes) ? &attributes : nullptr;
}

/// True if `node` and a rectifier at `position` became one; the rectifier is to be removed.
bool fuse_forward(Graph& graph, const Connections& connections, GraphNode& node, int position) {
  if (position < 0 || node.rectified || !takes_rectifier(node.op.kind)) return false;
  const GraphNode& behind = graph.nodes[static_cast<std::size_t>(position)];
  const auto* attributes = rectifier_of(behind, OpKind::kActivation);
  if (attributes == nullptr || connections.only_consumer(node.op.outputs[0]) != position) {
    return false;
  }
  node.rectified = true;
  node.slope = rectifier_slope(*attributes);
  node.op.outputs[0] = behind.op.outputs[0];
  return true;
}

/// The batch normalisation of `x` whose result the rectifier that made `y` reads; nullptr if there
/// is none.
const GraphNode* normalization_before(const Graph& graph, const Connections& connections,
                                      ops::ValueId y, ops::ValueId x) {
  const auto producer = [&](ops::ValueId id) -> const GraphNode* {
    const int position = connections.producer(id);
    return position < 0 ? nullptr : &graph.nodes[static_cast<std::size_t>(position)];
  };
  const GraphNode* rectifier = producer(y);
  if (rectifier == nullptr || rectifier_of(*rectifier, OpKind::kActivation) == nullptr) {
    return nullptr;
  }
  const GraphNode* node = producer(rectifier->op.inputs[0]);
  const bool normalizes = node != nullptr && node->kind == NodeKind::kSingle &&
                          (node->op.kind == OpKind::kBatchNormalizationTraining ||
                           node->op.kind == OpKind::kBatchNormalizationInference);
  return normalizes && node->op.inputs[0] == x ? node : nullptr;
}

/// The gradient of a rectifier whose only reader is the backward of the batch normalisation before
/// it.
bool fuse_backward(Graph& graph, const Connections& connections, int position) {
  const GraphNode& gradient = graph.nodes[static_cast<std::size_t>(position)];
  const auto* attributes = rectifier_of(gradient, OpKind::kActivationBackward);
  if (attributes == nullptr) return false;
  const int reader = connections.only_consumer(gradient.op.outputs[0]);
  if (reader < 0) return false;
  GraphNode& node = graph.nodes[static_cast<std::size_t>(reader)];
  if ((node.op.kind != OpKind::kBatchNormalizationBackward &&
       node.op.kind != OpKind::kBatchNormalizationInferenceBackward) ||
      node.rectified || node.op.inputs[1] != gradient.op.outputs[0]) {
    return false;
  }
  const GraphNode* forward =
      normalization_before(graph, connections, gradient.op.inputs[0], node.op.inputs[0]);
  if (forward == nullptr) return false;
  node.rectified = true;
  node.slope = rectifier_slope(*attributes);
  node.beta = forward->op.inputs[2];
  node.op.inputs[1] = gradient.op.inputs[1];
  return true;
}

}  // namespace

void fuse_rectifiers(Graph& graph) {
  const Connections connections(graph);
  std::vector<bool> gone(graph.nodes.size(), false);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    GraphNode& node = graph.nodes[i];
    if (!node.op.outputs.empty() && node.op.outputs[0] != ops::kNoValue) {
      const int reader = connections.only_consumer(node.op.outputs[0]);
      if (fuse_forward(graph, connections, node, reader))
        gone[static_cast<std::size_t>(reader)] = true;
    }
    if (fuse_backward(graph, connections, static_cast<int>(i))) gone[i] = true;
  }
  std::vector<GraphNode> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
}

}  // namespace tenon::backend::onednn
