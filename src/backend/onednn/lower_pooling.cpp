#include <algorithm>
#include <cstdint>

#include "backend/onednn/kernels/tiled_maximum.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using ops::OpKind;

bridge::PoolingShape pooling_shape(const ops::PoolingAttributes& a, bool maximum, const Shape& x,
                                   const Shape& y, DType dtype, std::int64_t block) {
  const auto desc = [&](const Shape& shape) {
    return block == 0 ? bridge::image_desc(shape, dtype) : bridge::blocked_image_desc(shape, block);
  };
  bridge::PoolingShape shape;
  shape.maximum = maximum;
  shape.source = desc(x);
  shape.destination = desc(y);
  shape.window = a.window;
  shape.strides = a.strides;
  shape.pad_before = a.pad_before;
  shape.pad_after = a.pad_after;
  return shape;
}

bool is_zero(const ops::PerAxis& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](std::int64_t n) { return n == 0; });
}

/// Blocks of channels are volumes of their own.
TiledMaximum tiled_maximum_of(const ops::PoolingAttributes& a, const Shape& x, std::int64_t block) {
  TiledMaximum shape;
  shape.channels = block == 0 ? x.dim(-1) : block;
  shape.batch = x[0] * (x.dim(-1) / shape.channels);
  std::copy_backward(x.begin() + 1, x.end() - 1, shape.in.end());
  std::copy_backward(a.window.begin(), a.window.end(), shape.window.end());
  return shape;
}

/// Windows side by side without padding: oneDNN's kernels reach a third of the memory's speed
/// there, and ours most of it (2 × 2 × 2 over 16 channels, 67 MB: 4.0 ms for 9.9, backward 5.2
/// for 12.9). The forward op and its twin must answer alike.
bool takes_tiles(const ops::PoolingAttributes& a, const Shape& x, std::int64_t block, DType dtype) {
  return dtype == DType::kFloat32 && (block == 0 || x.dim(-1) % block == 0) &&
         a.window == a.strides && is_zero(a.pad_before) && is_zero(a.pad_after) &&
         tiled_maximum_fits(tiled_maximum_of(a, x, block));
}

void lower_tiles(Lowering& lowering, const GraphNode& node, const TiledMaximum& shape) {
  const CellId x = lowering.wanted(node.op.inputs[0], DType::kFloat32);
  const CellId y = lowering.make_wanted(node.op.outputs[0], DType::kFloat32);
  const CellId places = lowering.make_opaque(
      node.op.outputs[1], static_cast<std::size_t>(lowering.count(node.op.outputs[0])));
  lowering.add_step(node, "own:tiled_maximum", {x}, {y, places},
                    [shape, threads = lowering.threads(), x = lowering.ref(x), y = lowering.ref(y),
                     places = lowering.ref(places)](const StepNumbers&) {
                      tiled_maximum_forward(shape, threads, x.as(), y.as(),
                                            places.as<std::uint8_t>());
                    });
}

void lower_tiles_backward(Lowering& lowering, const GraphNode& node, const TiledMaximum& shape) {
  const CellId places = lowering.cell(node.op.inputs[2]);
  const CellId dy = lowering.wanted(node.op.inputs[3], DType::kFloat32);
  const CellId dx = lowering.make_wanted(node.op.outputs[0], DType::kFloat32);
  lowering.add_step(node, "own:tiled_maximum", {places, dy}, {dx},
                    [shape, threads = lowering.threads(), places = lowering.ref(places),
                     dy = lowering.ref(dy), dx = lowering.ref(dx)](const StepNumbers&) {
                      tiled_maximum_backward(shape, threads, places.as<std::uint8_t>(), dy.as(),
                                             dx.as());
                    });
}

}  // namespace

void lower_pooling(Lowering& lowering, const GraphNode& node) {
  const bool maximum = node.op.kind == OpKind::kMaxPooling;
  const auto& attributes = std::get<ops::PoolingAttributes>(node.op.attributes);
  const DType dtype = lowering.stored(node.op.inputs[0]);
  const Shape& x_shape = lowering.shape(node.op.inputs[0]);
  const std::int64_t block = block_of(lowering.graph().layout(node.op.inputs[0]));
  if (maximum && takes_tiles(attributes, x_shape, block, dtype)) {
    return lower_tiles(lowering, node, tiled_maximum_of(attributes, x_shape, block));
  }
  const bool training = maximum && node.op.outputs[1] != ops::kNoValue;
  const auto description = bridge::pooling_forward(
      pooling_shape(attributes, maximum, x_shape, lowering.shape(node.op.outputs[0]), dtype, block),
      training);
  const CellId x = lowering.wanted(node.op.inputs[0], dtype);
  const CellId y = lowering.make_wanted(node.op.outputs[0], dtype);
  std::vector<Lowering::Argument> arguments{{DNNL_ARG_SRC, x, description.src_desc()},
                                            {DNNL_ARG_DST, y, description.dst_desc(), true}};
  if (training) {
    const bridge::Desc workspace = description.workspace_desc();
    const CellId cell = lowering.make_opaque(node.op.outputs[1], workspace.get_size());
    arguments.push_back({DNNL_ARG_WORKSPACE, cell, workspace, true});
  }
  lowering.add_primitive(node, description, dnnl::pooling_forward(description), arguments);
}

void lower_pooling_backward(Lowering& lowering, const GraphNode& node) {
  const bool maximum = node.op.kind == OpKind::kMaxPoolingBackward;
  const auto& attributes = std::get<ops::PoolingAttributes>(node.op.attributes);
  const ops::ValueId dy_value = node.op.inputs[maximum ? 3 : 0];
  // As the forward kernel, whose workspace is read.
  const DType dtype = lowering.stored(maximum ? node.op.inputs[0] : node.op.outputs[0]);
  const Shape& x_shape = lowering.shape(node.op.outputs[0]);
  const std::int64_t block = block_of(lowering.graph().layout(node.op.outputs[0]));
  if (maximum && takes_tiles(attributes, x_shape, block, dtype)) {
    return lower_tiles_backward(lowering, node, tiled_maximum_of(attributes, x_shape, block));
  }
  const auto shape =
      pooling_shape(attributes, maximum, x_shape, lowering.shape(dy_value), dtype, block);
  const auto description =
      bridge::pooling_backward(shape, bridge::pooling_forward(shape, /*training=*/true));
  const CellId dy = lowering.wanted(dy_value, dtype);
  const CellId dx = lowering.make_wanted(node.op.outputs[0], dtype);
  std::vector<Lowering::Argument> arguments{
      {DNNL_ARG_DIFF_DST, dy, description.diff_dst_desc()},
      {DNNL_ARG_DIFF_SRC, dx, description.diff_src_desc(), true}};
  // The places of the maxima are in the workspace; x and y are not read again.
  if (maximum) {
    arguments.push_back(
        {DNNL_ARG_WORKSPACE, lowering.cell(node.op.inputs[2]), description.workspace_desc()});
  }
  lowering.add_primitive(node, description, dnnl::pooling_backward(description), arguments);
}

}  // namespace tenon::backend::onednn
