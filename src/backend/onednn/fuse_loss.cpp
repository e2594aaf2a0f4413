#include <algorithm>
#include <utility>

#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::LossKind;
using ops::OpKind;
using ops::ValueId;

// The activation whose probabilities the loss takes.
bool activates_for(const Graph& graph, const GraphNode& node, LossKind kind) {
  if (kind == LossKind::kBinaryCrossentropy) {
    return is_single(node, OpKind::kActivation) &&
           std::get<ops::ActivationAttributes>(node.op.attributes).kind ==
               ops::ActivationKind::kSigmoid;
  }
  if (kind != LossKind::kCategoricalCrossentropy &&
      kind != LossKind::kSparseCategoricalCrossentropy) {
    return false;
  }
  if (!is_single(node, OpKind::kSoftmax)) return false;
  const int axis = std::get<ops::AxisAttributes>(node.op.attributes).axis;
  return axis == -1 || axis == graph.value(node.op.inputs[0]).shape.rank() - 1;
}

class LossFusion {
 public:
  explicit LossFusion(Graph& graph)
      : graph_(graph), connections_(graph), gone_(graph.nodes.size(), false) {}

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (is_single(graph_.nodes[i], OpKind::kLoss)) fuse(static_cast<int>(i));
    }
    std::vector<GraphNode> kept;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!gone_[i]) kept.push_back(std::move(graph_.nodes[i]));
    }
    graph_.nodes = std::move(kept);
  }

 private:
  GraphNode& node(int position) { return graph_.nodes[static_cast<std::size_t>(position)]; }
  void drop(int position) { gone_[static_cast<std::size_t>(position)] = true; }

  // There before the first node, so that a step can move to the front.
  bool is_given(ValueId id) const {
    return id == ops::kNoValue || graph_.value(id).kind != ops::ValueKind::kIntermediate;
  }

  /// What comes back from the loss by way of the activation.
  struct Backward {
    int loss = -1;
    int activation = -1;
  };

  // False if the loss's gradient goes elsewhere than through the activation.
  bool find_backward(ValueId prediction, Backward& found) {
    for (const int reader : connections_.consumers(prediction)) {
      if (!is_single(node(reader), OpKind::kLossBackward)) continue;
      if (found.loss >= 0 || !is_given(node(reader).op.inputs[3])) return false;
      found.loss = reader;
    }
    if (found.loss < 0) return true;
    const ValueId gradient = node(found.loss).op.outputs[0];
    found.activation = connections_.only_consumer(gradient);
    if (found.activation < 0) return false;
    const GraphNode& behind = node(found.activation);
    return (is_single(behind, OpKind::kSoftmaxBackward) ||
            is_single(behind, OpKind::kActivationBackward)) &&
           behind.op.inputs[0] == prediction && behind.op.inputs[1] == gradient;
  }

  bool only_loss(ValueId prediction, int loss) {
    return std::ranges::none_of(connections_.consumers(prediction), [&](int reader) {
      return reader != loss && is_single(node(reader), OpKind::kLoss);
    });
  }

  /// The fused node stands where the activation stood: others may read the probabilities.
  void fuse(int position) {
    const GraphNode& loss = node(position);
    const auto& attributes = std::get<ops::LossAttributes>(loss.op.attributes);
    const ValueId prediction = loss.op.inputs[0];
    const int activation = connections_.producer(prediction);
    Backward backward;
    if (attributes.from_logits || activation < 0 ||
        !activates_for(graph_, node(activation), attributes.kind) || !is_given(loss.op.inputs[1]) ||
        !is_given(loss.op.inputs[2]) || !only_loss(prediction, position) ||
        !find_backward(prediction, backward)) {
      return;
    }
    GraphNode made;
    made.kind = NodeKind::kActivatedLoss;
    made.op = loss.op;
    made.operations = loss.operations + node(activation).operations;
    made.op.inputs[0] = node(activation).op.inputs[0];
    made.op.inputs.resize(3, ops::kNoValue);
    made.op.inputs.push_back(ops::kNoValue);
    made.op.outputs.resize(2, ops::kNoValue);
    made.op.outputs.push_back(prediction);
    made.op.outputs.push_back(ops::kNoValue);
    if (backward.loss >= 0) {
      made.op.inputs[3] = node(backward.loss).op.inputs[3];
      made.op.outputs[3] = node(backward.activation).op.outputs[0];
      made.operations += node(backward.loss).operations + node(backward.activation).operations;
      drop(backward.loss);
      drop(backward.activation);
    }
    drop(position);
    node(activation) = std::move(made);
  }

  Graph& graph_;
  const Connections connections_;
  std::vector<bool> gone_;
};

}  // namespace

void fuse_loss(Graph& graph) { LossFusion(graph).run(); }

}  // namespace tenon::backend::onednn
