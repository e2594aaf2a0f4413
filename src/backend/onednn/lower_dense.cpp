#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/kernels/dense_few.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using bridge::Desc;
using bridge::float_desc;
using bridge::Tag;

// x (rows, inputs), kernel (inputs, outputs), y (rows, outputs).
struct Dense {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
};

bridge::InnerProductShape bridge_shape(const Dense& d, bool with_bias) {
  bridge::InnerProductShape shape;
  shape.source = float_desc({d.rows, d.inputs}, Tag::ab);
  shape.weights = float_desc({d.outputs, d.inputs}, Tag::any);
  if (with_bias) shape.bias = float_desc({d.outputs}, Tag::a);
  shape.destination = float_desc({d.rows, d.outputs}, Tag::ab);
  return shape;
}

// The kernel lies (inputs, outputs); oneDNN's logical axes are (outputs, inputs).
Desc plain_kernel(const Dense& d) { return float_desc({d.outputs, d.inputs}, Tag::ba); }

Dense forward_shape(const Graph& graph, const ops::Node& op) {
  const Shape& kernel = graph.value(op.inputs[1]).shape;
  return {graph.value(op.outputs[0]).shape[0], kernel[0], kernel[1]};
}

Layout transposed_kernel(const Dense& d) {
  if (d.outputs == 1) return std::nullopt;
  return EngineLayout{float_desc({d.outputs, d.inputs}, Tag::ab), plain_kernel(d)};
}

dnnl::inner_product_forward::primitive_desc forward_hint(const Dense& d) {
  return bridge::inner_product_forward(bridge_shape(d, false), true);
}

bool is_blocked_kernel(const std::string& implementation) {
  return implementation.find("brg") != std::string::npos;
}

// A description with the kernel as it lies, if that is as good as with the kernel as oneDNN wants
// it: a reorder of a large kernel costs as much as a pass over it.
template <class Describe>
auto describe_without_reorder(bridge::InnerProductShape shape, const Layout& have,
                              const Describe& describe) {
  auto wanted = describe(shape);
  if (!have) return wanted;
  shape.weights = have->desc;
  auto as_it_lies = describe(shape);
  if (as_it_lies && is_blocked_kernel(bridge::implementation_of(as_it_lies))) return as_it_lies;
  return wanted;
}

// The parts of the input of a dense layer with few outputs, as cells.
struct Parts {
  std::vector<CellId> x;
  std::vector<CellId> dx;
  std::vector<DensePart> parts;  // without addresses
};

Parts parts_of(Lowering& lowering, const GraphNode& node) {
  Parts result;
  for (const DenseSegment& segment : node.segments) {
    result.x.push_back(lowering.plain(segment.value));
    result.dx.push_back(lowering.make(segment.gradient));
    DensePart part;
    part.first = segment.first;
    part.count = segment.count;
    part.rectified = segment.rectified;
    part.slope = segment.slope;
    result.parts.push_back(part);
  }
  return result;
}

// Fills in addresses at run time, in place.
struct PartAddresses {
  std::vector<Ref> x;
  std::vector<Ref> dx;
  void fill(std::vector<DensePart>& parts) const {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].x = x[i].as();
      parts[i].dx = dx[i].as();
    }
  }
};
PartAddresses addresses_of(const Lowering& lowering, const Parts& parts) {
  PartAddresses addresses;
  for (const CellId id : parts.x) addresses.x.push_back(lowering.ref(id));
  for (const CellId id : parts.dx) addresses.dx.push_back(lowering.ref(id));
  return addresses;
}

}  // namespace

Layout dense_kernel_layout(const Graph& graph, const GraphNode& node) {
  const Dense d = forward_shape(graph, node.op);
  return layout_of(forward_hint(d).weights_desc(), plain_kernel(d));
}

Layout dense_few_kernel_layout(const Graph& graph, const GraphNode& node) {
  return transposed_kernel(forward_shape(graph, node.op));
}

void lower_dense(Lowering& lowering, const GraphNode& node) {
  const Dense d = forward_shape(lowering.graph(), node.op);
  const bool with_bias = node.op.inputs[2] != ops::kNoValue;
  const bridge::PostRectifier rectifier{.enabled = node.rectified, .slope = node.slope};
  const auto description = describe_without_reorder(
      bridge_shape(d, with_bias), lowering.layout(node.op.inputs[1]),
      [&](const auto& shape) { return bridge::inner_product_forward(shape, true, rectifier); });
  const EngineLayout kernel{description.weights_desc(), plain_kernel(d)};
  const CellId x_cell = lowering.plain(node.op.inputs[0]);
  const CellId kernel_cell = lowering.laid_out(node.op.inputs[1], kernel);
  const CellId bias_cell = lowering.plain(node.op.inputs[2]);
  const CellId y_cell = lowering.make(node.op.outputs[0]);
  lowering.add_primitive(node, description, dnnl::inner_product_forward(description),
                         {{DNNL_ARG_SRC, x_cell, description.src_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, kernel.desc},
                          {DNNL_ARG_BIAS, bias_cell, description.bias_desc()},
                          {DNNL_ARG_DST, y_cell, description.dst_desc(), true}});
}

void lower_dense_backward_data(Lowering& lowering, const GraphNode& node) {
  const Shape& dy = lowering.shape(node.op.inputs[0]);
  const Shape& kernel_shape = lowering.shape(node.op.inputs[1]);
  const Dense d{dy[0], kernel_shape[0], kernel_shape[1]};
  const auto hint = forward_hint(d);
  const auto description = describe_without_reorder(
      bridge_shape(d, false), lowering.layout(node.op.inputs[1]),
      [&](const auto& shape) { return bridge::inner_product_backward_data(shape, hint); });
  const EngineLayout kernel{description.weights_desc(), plain_kernel(d)};
  const CellId dy_cell = lowering.plain(node.op.inputs[0]);
  const CellId kernel_cell = lowering.laid_out(node.op.inputs[1], kernel);
  const CellId dx_cell = lowering.make(node.op.outputs[0]);
  lowering.add_primitive(node, description, dnnl::inner_product_backward_data(description),
                         {{DNNL_ARG_DIFF_DST, dy_cell, description.diff_dst_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, kernel.desc},
                          {DNNL_ARG_DIFF_SRC, dx_cell, description.diff_src_desc(), true}});
}

void lower_dense_backward_weights(Lowering& lowering, const GraphNode& node) {
  const Shape& x = lowering.shape(node.op.inputs[0]);
  const Shape& dy = lowering.shape(node.op.inputs[1]);
  const Dense d{x[0], x[1], dy[1]};
  const bool with_bias = node.op.outputs[1] != ops::kNoValue;
  const auto hint = forward_hint(d);
  // The layout of the forward kernel is that of the weight (see settle_variables), so that the
  // update needs no reorder.
  const Layout preferred = layout_of(hint.weights_desc(), plain_kernel(d));
  const auto description = describe_without_reorder(
      bridge_shape(d, with_bias), preferred,
      [&](const auto& shape) { return bridge::inner_product_backward_weights(shape, hint); });
  const Desc kernel = description.diff_weights_desc();
  const CellId x_cell = lowering.plain(node.op.inputs[0]);
  const CellId dy_cell = lowering.plain(node.op.inputs[1]);
  const CellId dkernel_cell = lowering.make(node.op.outputs[0], layout_of(kernel, plain_kernel(d)));
  const CellId dbias_cell = lowering.make(node.op.outputs[1]);
  lowering.add_primitive(node, description, dnnl::inner_product_backward_weights(description),
                         {{DNNL_ARG_SRC, x_cell, description.src_desc()},
                          {DNNL_ARG_DIFF_DST, dy_cell, description.diff_dst_desc()},
                          {DNNL_ARG_DIFF_WEIGHTS, dkernel_cell, kernel, true},
                          {DNNL_ARG_DIFF_BIAS, dbias_cell, description.diff_bias_desc(), true}});
}

void lower_dense_few(Lowering& lowering, const GraphNode& node) {
  const Dense d = forward_shape(lowering.graph(), node.op);
  const DenseFew shape{d.rows, d.inputs, d.outputs};
  Parts parts = parts_of(lowering, node);
  const CellId kernel = lowering.laid_out(node.op.inputs[1], transposed_kernel(d));
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make(node.op.outputs[0]);
  std::vector<CellId> reads = parts.x;
  reads.insert(reads.end(), {kernel, bias});
  ops::ActivationAttributes relu{.kind = ops::ActivationKind::kLeakyRelu, .beta = node.slope};
  Step& step = lowering.add_step(
      node, "own:dense_few", std::move(reads), {y},
      [shape, threads = lowering.threads(), addresses = addresses_of(lowering, parts),
       list = std::move(parts.parts), kernel = lowering.ref(kernel), bias = lowering.ref(bias),
       y = lowering.ref(y), scratch = lowering.scratch(), rectified = node.rectified,
       relu](const StepNumbers&) mutable {
        addresses.fill(list);
        dense_few_forward(shape, threads, list, kernel.as(), bias.as(), y.as(),
                          scratch.as<std::byte>());
        if (rectified) {
          activation_forward(relu, threads, y.as(), y.as(), shape.rows * shape.outputs);
        }
      });
  step.memory.scratch_bytes = dense_few_scratch(shape, lowering.threads());
}

void lower_dense_few_backward(Lowering& lowering, const GraphNode& node) {
  const Shape& dy_shape = lowering.shape(node.op.inputs[1]);
  const Shape& kernel_shape = lowering.shape(node.op.outputs[0]);
  const Dense d{dy_shape[0], kernel_shape[0], kernel_shape[1]};
  const DenseFew shape{d.rows, d.inputs, d.outputs};
  Parts parts = parts_of(lowering, node);
  const Layout layout = transposed_kernel(d);
  const CellId dy = lowering.plain(node.op.inputs[1]);
  const CellId kernel = lowering.laid_out(node.op.inputs[2], layout);
  const CellId dkernel = lowering.make(node.op.outputs[0], layout);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  std::vector<CellId> reads = parts.x;
  reads.insert(reads.end(), {dy, kernel});
  std::vector<CellId> writes = parts.dx;
  writes.insert(writes.end(), {dkernel, dbias});
  Step& step = lowering.add_step(
      node, "own:dense_few", std::move(reads), std::move(writes),
      [shape, threads = lowering.threads(), addresses = addresses_of(lowering, parts),
       list = parts.parts, kernel = lowering.ref(kernel), dy = lowering.ref(dy),
       dkernel = lowering.ref(dkernel), dbias = lowering.ref(dbias),
       scratch = lowering.scratch()](const StepNumbers&) mutable {
        addresses.fill(list);
        dense_few_backward(shape, threads, list, kernel.as(), dy.as(), dkernel.as(), dbias.as(),
                           scratch.as<std::byte>());
      });
  step.memory.scratch_bytes = dense_few_scratch(shape, lowering.threads());
  for (std::size_t i = 0; i < parts.x.size(); ++i) {
    // A value that stands in two places is still read when the first one's gradient is there.
    const bool once = std::count(parts.x.begin(), parts.x.end(), parts.x[i]) == 1;
    if (once && parts.dx[i] != kNoCell) step.memory.in_place.emplace_back(parts.dx[i], parts.x[i]);
  }
}

}  // namespace tenon::backend::onednn
