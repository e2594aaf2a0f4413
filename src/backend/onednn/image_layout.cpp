#include "backend/onednn/image_layout.hpp"

#include <algorithm>

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

std::int64_t pixels_of(const Shape& shape) {
  return shape.element_count() / (shape[0] * shape.dim(-1));
}

bool same_shapes(const Graph& graph, const GraphNode& node) {
  const Shape& shape = graph.value(node.op.outputs[0]).shape;
  return std::ranges::all_of(node.op.inputs,
                             [&](ValueId id) { return graph.value(id).shape == shape; });
}

bool joins_blocks(const Graph& graph, const GraphNode& node, std::int64_t block) {
  const int axis = std::get<ops::AxisAttributes>(node.op.attributes).axis;
  const int last = graph.value(node.op.outputs[0]).shape.rank() - 1;
  return (axis == -1 || axis == last) && std::ranges::all_of(node.op.inputs, [&](ValueId id) {
           return graph.value(id).shape.dim(-1) % block == 0;
         });
}

// The channels that a slice takes, or that a pad adds, are whole blocks.
bool cuts_blocks(const GraphNode& node, std::int64_t block) {
  const auto& range = std::get<ops::RangeAttributes>(node.op.attributes);
  return range.begin.back() % block == 0 && range.end.back() % block == 0;
}

bool is_scalar(const GraphNode& node) {
  const auto& affine = std::get<ops::AffineAttributes>(node.op.attributes);
  return affine.scale.size() == 1 && affine.offset.size() == 1;
}

}  // namespace

Layout blocked_layout(const Shape& shape, std::int64_t block) {
  if (pixels_of(shape) == 1) return std::nullopt;
  return EngineLayout{bridge::blocked_image_desc(shape, block), bridge::image_desc(shape)};
}

Shape stored_shape(const Shape& shape, std::int64_t block) {
  if (block == 0) return shape;
  std::vector<std::int64_t> dims = {shape[0], shape.dim(-1) / block};
  dims.insert(dims.end(), shape.begin() + 1, shape.end() - 1);
  dims.push_back(block);
  return Shape(dims);
}

std::vector<std::int64_t> stored_range(const std::vector<std::int64_t>& range, std::int64_t block) {
  if (block == 0) return range;
  std::vector<std::int64_t> stored = {range[0], range.back() / block};
  stored.insert(stored.end(), range.begin() + 1, range.end() - 1);
  stored.push_back(0);
  return stored;
}

bool follows_layout(const Graph& graph, const GraphNode& node, std::int64_t block) {
  if (node.kind == NodeKind::kNormalizedPooling ||
      node.kind == NodeKind::kNormalizedPoolingBackward) {
    return true;
  }
  if (node.kind != NodeKind::kSingle) return false;
  switch (node.op.kind) {
    case OpKind::kBatchNormalizationTraining:
    case OpKind::kBatchNormalizationInference:
    case OpKind::kBatchNormalizationBackward:
    case OpKind::kBatchNormalizationInferenceBackward:
    case OpKind::kMaxPooling:
    case OpKind::kMaxPoolingBackward:
    case OpKind::kAveragePooling:
    case OpKind::kAveragePoolingBackward:
    case OpKind::kActivation:
    case OpKind::kActivationBackward:
    case OpKind::kUpSampling:
    case OpKind::kUpSamplingBackward:
      return true;
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
    case OpKind::kMaximum:
    case OpKind::kMinimum:
    case OpKind::kAddN:
      return same_shapes(graph, node);
    case OpKind::kAffine:
      return is_scalar(node);
    case OpKind::kConcatenate:
      return joins_blocks(graph, node, block);
    case OpKind::kSlice:
    case OpKind::kPad:
      return cuts_blocks(node, block);
    default:
      return false;
  }
}

}  // namespace tenon::backend::onednn
