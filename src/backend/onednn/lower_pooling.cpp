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

}  // namespace

void lower_pooling(Lowering& lowering, const GraphNode& node) {
  const bool maximum = node.op.kind == OpKind::kMaxPooling;
  const auto& attributes = std::get<ops::PoolingAttributes>(node.op.attributes);
  const bool training = maximum && node.op.outputs[1] != ops::kNoValue;
  const DType dtype = lowering.stored(node.op.inputs[0]);
  const auto description =
      bridge::pooling_forward(pooling_shape(attributes, maximum, lowering.shape(node.op.inputs[0]),
                                            lowering.shape(node.op.outputs[0]), dtype,
                                            block_of(lowering.graph().layout(node.op.inputs[0]))),
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
  const auto shape = pooling_shape(attributes, maximum, lowering.shape(node.op.outputs[0]),
                                   lowering.shape(dy_value), dtype,
                                   block_of(lowering.graph().layout(node.op.outputs[0])));
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
