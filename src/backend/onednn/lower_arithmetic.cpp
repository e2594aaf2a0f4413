#include <algorithm>
#include <utility>

#include "backend/onednn/kernels/elementwise.hpp"
#include "backend/onednn/kernels/reduce.hpp"
#include "backend/onednn/kernels/strided.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;
using ops::ValueId;

Binary binary_of(OpKind kind) {
  switch (kind) {
    case OpKind::kSubtract:
      return Binary::kSubtract;
    case OpKind::kMultiply:
      return Binary::kMultiply;
    case OpKind::kMaximum:
    case OpKind::kMaximumBackward:
      return Binary::kMaximum;
    case OpKind::kMinimum:
    case OpKind::kMinimumBackward:
      return Binary::kMinimum;
    default:
      return Binary::kAdd;
  }
}

// Pairs for in-place use of the inputs that are as large as y.
std::vector<std::pair<CellId, CellId>> in_place_pairs(const Lowering& lowering,
                                                      const GraphNode& node, CellId y,
                                                      const std::vector<CellId>& inputs) {
  std::vector<std::pair<CellId, CellId>> pairs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (lowering.shape(node.op.inputs[i]) == lowering.shape(node.op.outputs[0])) {
      pairs.emplace_back(y, inputs[i]);
    }
  }
  return pairs;
}

std::int64_t stored_floats(Lowering& lowering, CellId id) {
  return static_cast<std::int64_t>(lowering.memory().cell(id).bytes / sizeof(float));
}

}  // namespace

void lower_binary(Lowering& lowering, const GraphNode& node) {
  const Shape& y_shape = lowering.shape(node.op.outputs[0]);
  const CellId a = lowering.wanted(node.op.inputs[0]);
  const CellId b = lowering.wanted(node.op.inputs[1]);
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  StridedBox box(y_shape.dims(), {broadcast_steps(lowering.shape(node.op.inputs[0]), y_shape),
                                  broadcast_steps(lowering.shape(node.op.inputs[1]), y_shape),
                                  dense_steps(y_shape)});
  Step& step =
      lowering.add_step(node, "own:elementwise", {a, b}, {y},
                        [box = std::move(box), threads = lowering.threads(),
                         operation = binary_of(node.op.kind), a = lowering.numbers(a),
                         b = lowering.numbers(b), y = lowering.numbers(y)](const StepNumbers&) {
                          strided_binary(box, threads, operation, a.read(), b.read(), y.write());
                        });
  step.memory.in_place = in_place_pairs(lowering, node, y, {a, b});
}

void lower_extremum_backward(Lowering& lowering, const GraphNode& node) {
  const Shape& wide = lowering.shape(node.op.inputs[2]);
  const CellId a = lowering.plain(node.op.inputs[0]);
  const CellId b = lowering.plain(node.op.inputs[1]);
  const CellId dy = lowering.plain(node.op.inputs[2]);
  const CellId da = lowering.make(node.op.outputs[0]);
  const CellId db = lowering.make(node.op.outputs[1]);
  StridedBox box(wide.dims(),
                 {broadcast_steps(lowering.shape(node.op.inputs[0]), wide),
                  broadcast_steps(lowering.shape(node.op.inputs[1]), wide), dense_steps(wide)});
  lowering.add_step(
      node, "own:elementwise", {a, b, dy}, {da, db},
      [box = std::move(box), threads = lowering.threads(), operation = binary_of(node.op.kind),
       a = lowering.ref(a), b = lowering.ref(b), dy = lowering.ref(dy), da = lowering.ref(da),
       db = lowering.ref(db)](const StepNumbers&) {
        strided_extremum_backward(box, threads, operation, a.as(), b.as(), dy.as(), da.as(),
                                  db.as());
      });
}

void lower_add_n(Lowering& lowering, const GraphNode& node) {
  // Gradients of weights lie as the first does; images as was assigned.
  const bool narrow = lowering.stored(node.op.outputs[0]) == DType::kBFloat16;
  const Layout assigned = lowering.graph().layout(node.op.outputs[0]);
  const Layout layout = narrow || assigned ? assigned : lowering.layout(node.op.inputs[0]);
  std::vector<CellId> inputs;
  inputs.reserve(node.op.inputs.size());
  for (const ValueId id : node.op.inputs) {
    inputs.push_back(narrow ? lowering.plain_as_stored(id) : lowering.laid_out(id, layout));
  }
  const CellId y = narrow ? lowering.make_as_stored(node.op.outputs[0])
                          : lowering.make(node.op.outputs[0], layout);
  const std::int64_t count =
      narrow ? lowering.count(node.op.outputs[0]) : stored_floats(lowering, y);
  // The mask may be held otherwise than the sum.
  const CellId mask = node.mask == ops::kNoValue ? kNoCell
                      : layout && !narrow        ? lowering.laid_out(node.mask, layout)
                                                 : lowering.plain_as_stored(node.mask);
  std::vector<CellId> reads = inputs;
  reads.push_back(mask);
  std::vector<NumbersRef> refs;
  refs.reserve(inputs.size());
  for (const CellId id : inputs) refs.push_back(lowering.numbers(id));
  Step& step = lowering.add_step(
      node, "own:elementwise", std::move(reads), {y},
      [refs = std::move(refs), addresses = std::vector<Numbers>(inputs.size()), count,
       threads = lowering.threads(), y = lowering.numbers(y), mask = lowering.numbers(mask),
       enabled = node.rectified || mask != kNoCell,
       slope = node.slope](const StepNumbers&) mutable {
        for (std::size_t i = 0; i < refs.size(); ++i) addresses[i] = refs[i].read();
        add_n(threads, addresses, y.write(), count, {enabled, mask.read(), slope});
      });
  // An input that stands there twice is read again after the first sum.
  if (std::count(inputs.begin(), inputs.end(), inputs[0]) == 1) {
    step.memory.in_place = {{y, inputs[0]}};
  }
}

void lower_reduce_sum(Lowering& lowering, const GraphNode& node) {
  const Reduction reduction =
      reduction_of(lowering.shape(node.op.inputs[0]), lowering.shape(node.op.outputs[0]));
  const CellId x = lowering.plain(node.op.inputs[0]);
  if (lowering.count(node.op.inputs[0]) == lowering.count(node.op.outputs[0])) {
    lowering.make_view(node.op.outputs[0], x);
    return;
  }
  const CellId y = lowering.make(node.op.outputs[0]);
  Step& step =
      lowering.add_step(node, "own:reduce_sum", {x}, {y},
                        [reduction, threads = lowering.threads(), x = lowering.ref(x),
                         y = lowering.ref(y), scratch = lowering.scratch()](const StepNumbers&) {
                          reduce_sum(reduction, threads, x.as(), y.as(), scratch.as<std::byte>());
                        });
  step.memory.scratch_bytes = reduction_scratch(reduction);
}

/// One factor for all: where x is no image, y lies as x does.
bool lower_scaling(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::AffineAttributes>(node.op.attributes);
  const Layout layout = lowering.layout(node.op.inputs[0]);
  if (!layout || lowering.graph().layout(node.op.outputs[0]) || attributes.scale.size() != 1 ||
      attributes.offset != std::vector<float>{0.0F} ||
      lowering.stored(node.op.inputs[0]) != DType::kFloat32 ||
      lowering.stored(node.op.outputs[0]) != DType::kFloat32) {
    return false;
  }
  const CellId x = lowering.cell(node.op.inputs[0]);
  const CellId y = lowering.make(node.op.outputs[0], layout);
  if (y == kNoCell) return false;
  Step& step = lowering.add_step(
      node, "own:elementwise", {x}, {y},
      [from = lowering.ref(x), to = lowering.ref(y), count = stored_floats(lowering, y),
       scale = attributes.scale[0], threads = lowering.threads()](const StepNumbers&) {
        scale_offset(threads, from.as(), scale, 0.0F, to.as(), count);
      });
  step.memory.in_place = {{y, x}};
  return true;
}

void lower_affine(Lowering& lowering, const GraphNode& node) {
  if (lower_scaling(lowering, node)) return;
  const auto& attributes = std::get<ops::AffineAttributes>(node.op.attributes);
  const std::int64_t count = lowering.count(node.op.outputs[0]);
  const CellId x = lowering.wanted(node.op.inputs[0]);
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  std::vector<float> scale = attributes.scale;
  std::vector<float> offset = attributes.offset;
  const std::size_t channels = std::max(scale.size(), offset.size());
  if (scale.size() != channels) scale.resize(channels, scale[0]);
  if (offset.size() != channels) offset.resize(channels, offset[0]);
  Step& step = lowering.add_step(
      node, "own:elementwise", {x}, {y},
      [scale = std::move(scale), offset = std::move(offset), count, threads = lowering.threads(),
       x = lowering.numbers(x), y = lowering.numbers(y)](const StepNumbers&) {
        const auto size = static_cast<std::int64_t>(scale.size());
        if (size == 1) {
          scale_offset(threads, x.read(), scale[0], offset[0], y.write(), count);
        } else {
          scale_offset_channels(threads, x.read(), scale.data(), offset.data(), y.write(),
                                count / size, size);
        }
      });
  step.memory.in_place = {{y, x}};
}

}  // namespace tenon::backend::onednn
