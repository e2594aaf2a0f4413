#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/onednn/layout.hpp"
#include "ops/program.hpp"

namespace tenon::backend::onednn {

/// What a node of the graph is lowered as.
enum class NodeKind : std::uint8_t {
  kSingle,            ///< The op itself, maybe with a rectifier.
  kDenseFew,          ///< Dense with few outputs, over parts of a concatenation.
  kDenseFewBackward,  ///< All its gradients at once, through the rectifiers before it.
  /// A batch normalisation and the maximum over windows behind it: x, gamma, beta, … -> pooled y,
  /// mean, variance, the maxima's places (opaque). `op` is the normalisation.
  kNormalizedPooling,
  /// x, pooled dy, gamma, mean, variance, places -> dx, dgamma, dbeta.
  kNormalizedPoolingBackward,
  /// A sigmoid or softmax and the cross-entropy of its probabilities, with the gradient where there
  /// is one: logits, target, weight, dtotal -> total, each, probabilities, dlogits. `op` is the
  /// loss.
  kActivatedLoss,
  kUpdateGroup,  ///< Updates of one kind, in one loop.
};

/// Columns of the input of a dense layer with few outputs.
struct DenseSegment {
  ops::ValueId value = ops::kNoValue;     ///< (rows, …), `count` elements per row.
  ops::ValueId gradient = ops::kNoValue;  ///< Backward: where its gradient goes, or kNoValue.
  std::int64_t first = 0;
  std::int64_t count = 0;
  bool rectified = false;  ///< Backward: `gradient` is that of the rectifier that made `value`.
  float slope = 0.0F;
};

/// A node of the program after fusion.
struct GraphNode {
  NodeKind kind = NodeKind::kSingle;
  ops::Node op;
  /// A relu behind a forward op, or (batch normalisation's backward) before it in time.
  bool rectified = false;
  float slope = 0.0F;
  /// Backward of a rectified batch normalisation: its beta, by which y is made again.
  ops::ValueId beta = ops::kNoValue;
  /// A sum that makes the gradient of a rectifier: what that gave, 0 where the sum counts `slope`.
  ops::ValueId mask = ops::kNoValue;
  ops::PoolingAttributes pooling;  ///< kNormalizedPooling and its backward.
  std::vector<DenseSegment> segments;
  std::vector<ops::Node> group;  ///< kUpdateGroup.
  bool contiguous = false;  ///< … whose weights, gradients and slots lie in the group's order.
  bool blocked = false;     ///< A convolution whose images lie in blocks of channels.
  /// A convolution, or its gradient by the weights, reads numbers of any dtype times `scale` plus
  /// `offset`, which it converts itself.
  std::optional<ops::AffineAttributes> conversion;
  bool winograd = false;    ///< … that is computed by Winograd's algorithm.
  double operations = 0.0;  ///< Floating-point operations, of all that it stands for.
};

/// True if the node is an op of that kind, with nothing but maybe a rectifier taken in.
inline bool is_single(const GraphNode& node, ops::OpKind kind) {
  return node.kind == NodeKind::kSingle && node.op.kind == kind;
}

/// The program that is compiled, as fused nodes.
struct Graph {
  const ops::Program* program = nullptr;
  std::vector<GraphNode> nodes;
  std::vector<std::string> without_passes;  ///< CompileOptions::without_passes
  Precision precision = Precision::kFloat32;
  std::vector<ops::ValueId> guarded;  ///< CompileOptions::guarded
  std::vector<DType> stored_dtypes;   ///< Per value of the program.
  /// What convolutions and dense layers multiply, by the policy …
  DType factors = DType::kFloat32;
  /// … and by the kernels that are taken: those of float32 multiply rounded factors just as well.
  DType products = DType::kFloat32;
  /// Per value of the program, where it is one number in every element; empty: see the program.
  std::vector<std::optional<float>> constants;
  std::vector<Layout> layouts;  ///< Per value of the program; empty: all are plain.

  /// False if the pass of that name is to be left out.
  bool does(std::string_view pass) const;
  const ops::Value& value(ops::ValueId id) const { return program->value(id); }
  /// What the value is held in, by the policy of the precision (backend/api/precision.hpp).
  DType stored(ops::ValueId id) const { return stored_dtypes[static_cast<std::size_t>(id)]; }
  /// How the value is to lie in memory.
  Layout layout(ops::ValueId id) const {
    return layouts.empty() ? std::nullopt : layouts[static_cast<std::size_t>(id)];
  }
};

/// Calls visit(id) for every value that the node reads, of all kinds of nodes; for_outputs: makes.
template <class Visit>
void for_inputs(const GraphNode& node, const Visit& visit) {
  const auto one = [&](ops::ValueId id) {
    if (id != ops::kNoValue) visit(id);
  };
  for (const ops::ValueId id : node.op.inputs) one(id);
  for (const DenseSegment& segment : node.segments) one(segment.value);
  for (const ops::Node& member : node.group) {
    for (const ops::ValueId id : member.inputs) one(id);
  }
  one(node.beta);
  one(node.mask);
}

template <class Visit>
void for_outputs(const GraphNode& node, const Visit& visit) {
  const auto one = [&](ops::ValueId id) {
    if (id != ops::kNoValue) visit(id);
  };
  for (const ops::ValueId id : node.op.outputs) one(id);
  for (const DenseSegment& segment : node.segments) one(segment.gradient);
}

/// Which node makes each value and which read it; positions in Graph::nodes. Valid until the graph
/// changes.
class Connections {
 public:
  explicit Connections(const Graph& graph);
  /// -1: none.
  int producer(ops::ValueId id) const { return producers_[static_cast<std::size_t>(id)]; }
  const std::vector<int>& consumers(ops::ValueId id) const {
    return consumers_[static_cast<std::size_t>(id)];
  }
  bool is_output(ops::ValueId id) const { return outputs_[static_cast<std::size_t>(id)]; }
  /// The one node that reads the value, if there is just one and it is no output; else -1.
  int only_consumer(ops::ValueId id) const;

 private:
  std::vector<int> producers_;
  std::vector<std::vector<int>> consumers_;
  std::vector<bool> outputs_;
};

/// Collects nodes that are not needed and the values that stand for what they made; of single ops.
class Renaming {
 public:
  explicit Renaming(Graph& graph);
  /// Node `position` gives `made`, which is the same as `same`: its readers read that, and the node
  /// goes. Outputs of the program and guarded values stay as they are.
  void replace(std::size_t position, ops::ValueId made, ops::ValueId same);
  /// Node `position` goes: what it makes is a constant.
  void remove(std::size_t position) { gone_[position] = true; }
  void apply();

 private:
  bool is_fixed(ops::ValueId id) const;
  Graph& graph_;
  std::vector<bool> gone_;
  std::vector<ops::ValueId> names_;
};

/// `id`, or the value that it is a reshape of, in the end.
ops::ValueId behind_reshapes(const Graph& graph, const Connections& connections, ops::ValueId id);

/// Clips gradients.
bool is_clip(const GraphNode& node);
/// Updates weights, one or a group.
bool is_update(const GraphNode& node);
/// The updates that the node stands for; none if it is another one.
std::span<const ops::Node> updates_of(const GraphNode& node);
/// `gradient`, or what it was before the optimizer clipped it.
ops::ValueId before_clips(const Graph& graph, const Connections& connections,
                          ops::ValueId gradient);

Graph make_graph(const ops::Program& program, const CompileOptions& options);

}  // namespace tenon::backend::onednn
