#include <algorithm>
#include <optional>

#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/kernels/dense_few.hpp"
#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::kNoValue;
using ops::OpKind;
using ops::ValueId;

bool has_few_outputs(const Graph& graph, ValueId kernel) {
  const Shape& shape = graph.value(kernel).shape;
  return shape.rank() == 2 && shape[1] <= kFewOutputs;
}

/// The parts of x (rows, inputs): those of the concatenation that made it, or x itself.
std::vector<DenseSegment> segments_of(const Graph& graph, const Connections& connections,
                                      ValueId x) {
  const Shape& shape = graph.value(x).shape;
  const int producer = connections.producer(x);
  if (producer >= 0) {
    const GraphNode& node = graph.nodes[static_cast<std::size_t>(producer)];
    if (is_single(node, OpKind::kConcatenate)) {
      const int axis = std::get<ops::AxisAttributes>(node.op.attributes).axis;
      if (axis == 1 || axis == -1) {
        std::vector<DenseSegment> segments;
        std::int64_t first = 0;
        for (const ValueId part : node.op.inputs) {
          DenseSegment segment;
          segment.value = behind_reshapes(graph, connections, part);
          segment.first = first;
          segment.count = graph.value(part).shape[1];
          first += segment.count;
          segments.push_back(segment);
        }
        return segments;
      }
    }
  }
  DenseSegment whole;
  whole.value = behind_reshapes(graph, connections, x);
  whole.count = shape[1];
  return {whole};
}

/// Gradients of one dense layer with few outputs.
class BackwardFusion {
 public:
  BackwardFusion(Graph& graph, const Connections& connections, std::vector<bool>& gone)
      : graph_(graph), connections_(connections), gone_(gone) {}

  /// `weights` is kDenseBackwardWeights; `data`, which may be -1, kDenseBackwardData of the same
  /// dy.
  void fuse(int weights, int data) {
    const ops::Node& weights_op = node(weights).op;
    GraphNode made;
    made.kind = NodeKind::kDenseFewBackward;
    made.op = weights_op;
    made.operations = node(weights).operations + (data >= 0 ? node(data).operations : 0.0);
    made.op.inputs = {weights_op.inputs[0], weights_op.inputs[1],
                      data >= 0 ? node(data).op.inputs[1] : kNoValue};
    made.op.outputs.resize(2, kNoValue);
    made.op.outputs.push_back(kNoValue);
    made.segments = segments_of(graph_, connections_, weights_op.inputs[0]);
    if (data >= 0) spread_gradient(made, node(data).op.outputs[0]);
    made.op.inputs[0] = kNoValue;  // read by way of the segments
    const int place = data >= 0 ? std::min(weights, data) : weights;
    drop(weights);
    if (data >= 0) drop(data);
    gone_[static_cast<std::size_t>(place)] = false;
    node(place) = std::move(made);
  }

 private:
  GraphNode& node(int position) { return graph_.nodes[static_cast<std::size_t>(position)]; }
  void drop(int position) { gone_[static_cast<std::size_t>(position)] = true; }

  /// Sends dx to where its parts go: through slices, reshapes and the gradients of rectifiers.
  void spread_gradient(GraphNode& made, ValueId dx) {
    if (made.segments.size() > 1 && !spread_over_slices(made, dx)) {
      // Somebody wants dx as a whole: x is needed as a whole, too.
      DenseSegment whole;
      whole.value = made.op.inputs[0];
      whole.count = graph_.value(whole.value).shape[1];
      made.segments = {whole};
    }
    if (made.segments.size() == 1) follow(made.segments.front(), dx);
  }

  bool spread_over_slices(GraphNode& made, ValueId dx) {
    if (connections_.is_output(dx)) return false;
    std::vector<ValueId> slices(made.segments.size(), kNoValue);
    for (const int reader : connections_.consumers(dx)) {
      const std::optional<std::size_t> part = part_of_slice(made, node(reader));
      if (!part || slices[*part] != kNoValue) return false;
      slices[*part] = node(reader).op.outputs[0];
    }
    for (const int reader : connections_.consumers(dx)) drop(reader);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      if (slices[i] != kNoValue) follow(made.segments[i], slices[i]);
    }
    return true;
  }

  std::optional<std::size_t> part_of_slice(const GraphNode& made, const GraphNode& slice) const {
    if (!is_single(slice, OpKind::kSlice)) return std::nullopt;
    const auto& range = std::get<ops::RangeAttributes>(slice.op.attributes);
    if (range.begin.size() != 2 || range.begin[0] != 0 ||
        range.end[0] != graph_.value(slice.op.inputs[0]).shape[0]) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < made.segments.size(); ++i) {
      const DenseSegment& segment = made.segments[i];
      if (range.begin[1] == segment.first && range.end[1] == segment.first + segment.count)
        return i;
    }
    return std::nullopt;
  }

  /// `gradient` is that of the segment. If only the gradient of the rectifier that made the
  /// segment's value reads it (behind reshapes), that one is done here, too.
  void follow(DenseSegment& segment, ValueId gradient) {
    segment.gradient = gradient;
    std::vector<int> passed;
    ValueId at = gradient;
    for (;;) {
      const int reader = connections_.only_consumer(at);
      if (reader < 0) return;
      const GraphNode& next = node(reader);
      if (is_single(next, OpKind::kReshape)) {
        passed.push_back(reader);
        at = next.op.outputs[0];
        continue;
      }
      if (!is_single(next, OpKind::kActivationBackward) || next.op.inputs[1] != at) return;
      const auto& attributes = std::get<ops::ActivationAttributes>(next.op.attributes);
      if (!is_rectifier(attributes) ||
          behind_reshapes(graph_, connections_, next.op.inputs[0]) != segment.value) {
        return;
      }
      segment.rectified = true;
      segment.slope = rectifier_slope(attributes);
      segment.gradient = next.op.outputs[0];
      passed.push_back(reader);
      for (const int position : passed) drop(position);
      return;
    }
  }

  Graph& graph_;
  const Connections& connections_;
  std::vector<bool>& gone_;
};

int data_gradient_of(const Graph& graph, const Connections& connections, ValueId dy,
                     std::int64_t inputs) {
  for (const int reader : connections.consumers(dy)) {
    const GraphNode& node = graph.nodes[static_cast<std::size_t>(reader)];
    if (is_single(node, OpKind::kDenseBackwardData) && node.op.inputs[0] == dy &&
        graph.value(node.op.inputs[1]).shape[0] == inputs) {
      return reader;
    }
  }
  return -1;
}

}  // namespace

void fuse_dense_few(Graph& graph) {
  const Connections connections(graph);
  std::vector<bool> gone(graph.nodes.size(), false);
  BackwardFusion backward(graph, connections, gone);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    GraphNode& node = graph.nodes[i];
    if (gone[i]) continue;
    if (is_single(node, OpKind::kDense) && has_few_outputs(graph, node.op.inputs[1])) {
      node.kind = NodeKind::kDenseFew;
      node.segments = segments_of(graph, connections, node.op.inputs[0]);
      node.op.inputs[0] = kNoValue;
    } else if (is_single(node, OpKind::kDenseBackwardWeights) &&
               has_few_outputs(graph, node.op.outputs[0])) {
      const int data = data_gradient_of(graph, connections, node.op.inputs[1],
                                        graph.value(node.op.outputs[0]).shape[0]);
      backward.fuse(static_cast<int>(i), data);
    }
  }
  std::vector<GraphNode> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
}

}  // namespace tenon::backend::onednn
