#include <algorithm>

#include "backend/onednn/kernels/normalized_pooling.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

bool normalizes(const GraphNode& node) {
  return is_single(node, OpKind::kBatchNormalizationTraining) ||
         is_single(node, OpKind::kBatchNormalizationInference);
}

// Windows side by side, without padding, and not so large that their elements do not fit a list.
bool lies_side_by_side(const ops::PoolingAttributes& pooling) {
  const auto none = [](const auto& pads) {
    return std::ranges::all_of(pads, [](std::int64_t pad) { return pad == 0; });
  };
  std::int64_t taps = 1;
  for (const std::int64_t side : pooling.window) taps *= side;
  return std::ranges::equal(pooling.window, pooling.strides) && none(pooling.pad_before) &&
         none(pooling.pad_after) && taps > 1 && taps <= kMostPoolingTaps;
}

// The nodes that become two. Positions; -1: there is none.
struct Found {
  int normalization = -1;
  int pooling = -1;
  int pooling_backward = -1;
  int normalization_backward = -1;
};

class Fusion {
 public:
  explicit Fusion(Graph& graph)
      : graph_(graph), connections_(graph), gone_(graph.nodes.size(), false) {}

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      Found found;
      found.normalization = static_cast<int>(i);
      if (normalizes(graph_.nodes[i]) && find(found)) fuse(found);
    }
    std::vector<GraphNode> kept;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!gone_[i]) kept.push_back(std::move(graph_.nodes[i]));
    }
    graph_.nodes = std::move(kept);
  }

 private:
  GraphNode& node(int position) { return graph_.nodes[static_cast<std::size_t>(position)]; }

  /// Everything that reads the normalisation's y must be a maximum over windows or its gradient.
  bool find(Found& found) {
    const ValueId y = node(found.normalization).op.outputs[0];
    if (connections_.is_output(y) || graph_.value(y).shape.rank() < 4 ||
        graph_.stored(y) != DType::kFloat32) {
      return false;
    }
    for (const int reader : connections_.consumers(y)) {
      if (is_single(node(reader), OpKind::kMaxPooling) && found.pooling < 0) {
        found.pooling = reader;
      } else if (is_single(node(reader), OpKind::kMaxPoolingBackward) &&
                 found.pooling_backward < 0) {
        found.pooling_backward = reader;
      } else {
        return false;
      }
    }
    if (found.pooling < 0 || graph_.stored(node(found.pooling).op.outputs[0]) != DType::kFloat32 ||
        !lies_side_by_side(std::get<ops::PoolingAttributes>(node(found.pooling).op.attributes))) {
      return false;
    }
    return found.pooling_backward < 0 || find_backward(found);
  }

  bool find_backward(Found& found) {
    const GraphNode& forward = node(found.normalization);
    const GraphNode& pooling = node(found.pooling_backward);
    found.normalization_backward = connections_.only_consumer(pooling.op.outputs[0]);
    if (found.normalization_backward < 0 ||
        pooling.op.inputs[2] != node(found.pooling).op.outputs[1]) {
      return false;
    }
    const GraphNode& backward = node(found.normalization_backward);
    const bool fits = is_single(backward, OpKind::kBatchNormalizationBackward) ||
                      is_single(backward, OpKind::kBatchNormalizationInferenceBackward);
    return fits && backward.op.inputs[0] == forward.op.inputs[0] &&
           backward.op.inputs[1] == pooling.op.outputs[0] &&
           backward.rectified == forward.rectified &&
           graph_.stored(pooling.op.inputs[3]) == DType::kFloat32;
  }

  void fuse(const Found& found) {
    GraphNode& forward = node(found.normalization);
    const GraphNode& pooling = node(found.pooling);
    forward.kind = NodeKind::kNormalizedPooling;
    forward.pooling = std::get<ops::PoolingAttributes>(pooling.op.attributes);
    forward.operations += pooling.operations;
    forward.op.outputs.resize(4, ops::kNoValue);
    forward.op.outputs[0] = pooling.op.outputs[0];
    forward.op.outputs[3] = pooling.op.outputs[1];
    gone_[static_cast<std::size_t>(found.pooling)] = true;
    if (found.pooling_backward < 0) return;
    GraphNode& backward = node(found.normalization_backward);
    const GraphNode& gradient = node(found.pooling_backward);
    backward.kind = NodeKind::kNormalizedPoolingBackward;
    backward.pooling = forward.pooling;
    backward.beta = forward.op.inputs[2];
    backward.operations += gradient.operations;
    backward.op.inputs[1] = gradient.op.inputs[3];
    backward.op.inputs.push_back(gradient.op.inputs[2]);
    gone_[static_cast<std::size_t>(found.pooling_backward)] = true;
  }

  Graph& graph_;
  const Connections connections_;
  std::vector<bool> gone_;
};

}  // namespace

void fuse_normalized_pooling(Graph& graph) { Fusion(graph).run(); }

}  // namespace tenon::backend::onednn
