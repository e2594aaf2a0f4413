#include "backend/onednn/inner_product.hpp"

#include <string>
#include <utility>

namespace tenon::backend::onednn {
namespace {

using bridge::Desc;
using bridge::desc_of;
using bridge::float_desc;
using bridge::Tag;

bridge::InnerProductShape bridge_shape(const InnerProduct& s, bool with_bias) {
  bridge::InnerProductShape shape;
  shape.source = desc_of(s.factors, {s.rows, s.inputs}, Tag::ab);
  shape.weights = desc_of(s.factors, {s.outputs, s.inputs}, Tag::any);
  if (with_bias) shape.bias = float_desc({s.outputs}, Tag::a);
  shape.destination = desc_of(s.factors, {s.rows, s.outputs}, Tag::ab);
  return shape;
}
bridge::Desc as_held(const Lowering& lowering, CellId cell, const bridge::Desc& desc) {
  return bridge::with_dtype(desc, lowering.dtype_of(cell));
}

// The kernel lies (inputs, outputs); oneDNN's logical axes are (outputs, inputs).
Desc plain_kernel(const InnerProduct& s) { return float_desc({s.outputs, s.inputs}, Tag::ba); }

// The gradient of the weights is float32.
bridge::InnerProductShape gradient_shape(const InnerProduct& s, bool with_bias) {
  bridge::InnerProductShape shape = bridge_shape(s, with_bias);
  shape.weights = float_desc({s.outputs, s.inputs}, Tag::any);
  return shape;
}

dnnl::inner_product_forward::primitive_desc forward_hint(const InnerProduct& s) {
  return bridge::inner_product_forward(bridge_shape(s, false), true);
}

// A description with the kernel as it lies, if that is as good as with the kernel as oneDNN wants
// it: a reorder of a large kernel costs as much as a pass over it.
template <class Describe>
auto describe_without_reorder(bridge::InnerProductShape shape, const Layout& have,
                              const Describe& describe) {
  auto wanted = describe(shape);
  if (!have || have->plain.dims() != shape.weights.dims() ||
      bridge::dtype_of(have->desc) != bridge::dtype_of(shape.weights)) {
    return wanted;
  }
  shape.weights = have->desc;
  auto as_it_lies = describe(shape);
  const bool blocked =
      as_it_lies && bridge::implementation_of(as_it_lies).find("brg") != std::string::npos;
  return blocked ? as_it_lies : wanted;
}

}  // namespace

Layout inner_product_kernel_layout(const InnerProduct& shape) {
  const auto forward = forward_hint(shape);
  if (shape.factors == DType::kFloat32) {
    return layout_of(forward.weights_desc(), plain_kernel(shape));
  }
  const auto gradient =
      bridge::inner_product_backward_weights(gradient_shape(shape, false), forward);
  return layout_of(gradient.diff_weights_desc(), plain_kernel(shape));
}

void add_inner_product(Lowering& lowering, const GraphNode& node, const InnerProduct& shape,
                       CellId x, ops::ValueId kernel, CellId bias, CellId y) {
  const bridge::PostRectifier rectifier{.enabled = node.rectified, .slope = node.slope};
  bridge::InnerProductShape forward = bridge_shape(shape, bias != kNoCell);
  forward.destination = as_held(lowering, y, forward.destination);
  const auto description = describe_without_reorder(
      std::move(forward), lowering.layout(kernel),
      [&](const auto& wanted) { return bridge::inner_product_forward(wanted, true, rectifier); });
  const EngineLayout layout{description.weights_desc(), plain_kernel(shape)};
  const CellId kernel_cell = lowering.factor(kernel, layout);
  lowering.add_primitive(node, description, dnnl::inner_product_forward(description),
                         {{DNNL_ARG_SRC, x, description.src_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, layout.desc},
                          {DNNL_ARG_BIAS, bias, description.bias_desc()},
                          {DNNL_ARG_DST, y, description.dst_desc(), true}});
}

void add_inner_product_backward_data(Lowering& lowering, const GraphNode& node,
                                     const InnerProduct& shape, CellId dy, ops::ValueId kernel,
                                     CellId dx) {
  const auto hint = forward_hint(shape);
  bridge::InnerProductShape backward = bridge_shape(shape, false);
  backward.source = as_held(lowering, dx, backward.source);
  const auto description = describe_without_reorder(
      std::move(backward), lowering.layout(kernel),
      [&](const auto& wanted) { return bridge::inner_product_backward_data(wanted, hint); });
  const EngineLayout layout{description.weights_desc(), plain_kernel(shape)};
  const CellId kernel_cell = lowering.factor(kernel, layout);
  lowering.add_primitive(node, description, dnnl::inner_product_backward_data(description),
                         {{DNNL_ARG_DIFF_DST, dy, description.diff_dst_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, layout.desc},
                          {DNNL_ARG_DIFF_SRC, dx, description.diff_src_desc(), true}});
}

void add_inner_product_backward_weights(Lowering& lowering, const GraphNode& node,
                                        const InnerProduct& shape, CellId x, CellId dy,
                                        ops::ValueId dkernel, CellId dbias) {
  const auto hint = forward_hint(shape);
  // The layout of the weight (see settle_variables), so that the update needs no reorder.
  const Layout preferred = inner_product_kernel_layout(shape);
  const auto description = describe_without_reorder(
      gradient_shape(shape, dbias != kNoCell), preferred,
      [&](const auto& wanted) { return bridge::inner_product_backward_weights(wanted, hint); });
  const Desc kernel = description.diff_weights_desc();
  const CellId dkernel_cell = lowering.make(dkernel, layout_of(kernel, plain_kernel(shape)));
  lowering.add_primitive(node, description, dnnl::inner_product_backward_weights(description),
                         {{DNNL_ARG_SRC, x, description.src_desc()},
                          {DNNL_ARG_DIFF_DST, dy, description.diff_dst_desc()},
                          {DNNL_ARG_DIFF_WEIGHTS, dkernel_cell, kernel, true},
                          {DNNL_ARG_DIFF_BIAS, dbias, description.diff_bias_desc(), true}});
}

}  // namespace tenon::backend::onednn
