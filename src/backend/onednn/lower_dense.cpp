#include <algorithm>
#include <utility>
#include <vector>

#include "backend/onednn/inner_product.hpp"
#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/kernels/dense_few.hpp"
#include "backend/onednn/kernels/small_product.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using bridge::float_desc;
using bridge::Tag;

InnerProduct forward_shape(const Graph& graph, const ops::Node& op) {
  const Shape& kernel = graph.value(op.inputs[1]).shape;
  return {graph.value(op.outputs[0]).shape[0], kernel[0], kernel[1], graph.products};
}

// Up to here the own kernel is faster than the call of oneDNN's (see docs/engine.md).
bool is_small_product(const Graph& graph, const InnerProduct& d) {
  constexpr std::int64_t kMostProducts = 1 << 17;
  return graph.does("small_products") && graph.factors == DType::kFloat32 &&
         d.rows * d.inputs * d.outputs <= kMostProducts;
}

// `a`, `b`, `bias`, `c` and `sums` are filled in at run time.
void add_small_product(Lowering& lowering, const GraphNode& node, SmallProduct product, CellId a,
                       CellId b, CellId bias, CellId c, CellId sums) {
  Step& step =
      lowering.add_step(node, "own:small_product", {a, b, bias}, {c, sums},
                        [product, a = lowering.ref(a), b = lowering.ref(b),
                         bias = lowering.ref(bias), c = lowering.ref(c), sums = lowering.ref(sums),
                         scratch = lowering.scratch()](const StepNumbers&) mutable {
                          product.a = a.as();
                          product.b = b.as();
                          product.bias = bias.as();
                          product.c = c.as();
                          product.column_sums = sums.as();
                          small_product(product, scratch.as());
                        });
  step.memory.scratch_bytes =
      static_cast<std::size_t>(small_product_scratch(product)) * sizeof(float);
}

// (outputs, inputs) instead of (inputs, outputs).
Layout transposed_kernel(const InnerProduct& d, DType dtype = DType::kFloat32) {
  if (d.outputs == 1) return std::nullopt;
  return EngineLayout{bridge::desc_of(dtype, {d.outputs, d.inputs}, Tag::ab),
                      float_desc({d.outputs, d.inputs}, Tag::ba)};
}

CellId kernel_as_factor(Lowering& lowering, const InnerProduct& d, ops::ValueId kernel) {
  const Layout layout = transposed_kernel(d, lowering.factors());
  return layout ? lowering.laid_out(kernel, layout) : lowering.plain(kernel, lowering.factors());
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
    result.x.push_back(lowering.plain(segment.value, lowering.factors()));
    result.dx.push_back(lowering.make_as_stored(segment.gradient));
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
  std::vector<NumbersRef> x;
  std::vector<NumbersRef> dx;
  void fill(std::vector<DensePart>& parts) const {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].x = x[i].read();
      parts[i].dx = dx[i].write();
    }
  }
};
PartAddresses addresses_of(const Lowering& lowering, const Parts& parts) {
  PartAddresses addresses;
  for (const CellId id : parts.x) addresses.x.push_back(lowering.numbers(id));
  for (const CellId id : parts.dx) addresses.dx.push_back(lowering.numbers(id));
  return addresses;
}

}  // namespace

Layout dense_kernel_layout(const Graph& graph, const GraphNode& node) {
  const InnerProduct shape = forward_shape(graph, node.op);
  return is_small_product(graph, shape) ? std::nullopt : inner_product_kernel_layout(shape);
}

Layout dense_few_kernel_layout(const Graph& graph, const GraphNode& node) {
  return transposed_kernel(forward_shape(graph, node.op));
}

void lower_dense(Lowering& lowering, const GraphNode& node) {
  const InnerProduct d = forward_shape(lowering.graph(), node.op);
  if (is_small_product(lowering.graph(), d)) {
    const CellId x = lowering.plain(node.op.inputs[0]);
    const CellId kernel = lowering.plain(node.op.inputs[1]);
    const CellId bias = lowering.plain(node.op.inputs[2]);
    const CellId y = lowering.make(node.op.outputs[0]);
    return add_small_product(lowering, node,
                             {.m = d.rows,
                              .n = d.outputs,
                              .k = d.inputs,
                              .a_row = d.inputs,
                              .b_row = d.outputs,
                              .rectify = node.rectified,
                              .slope = node.slope},
                             x, kernel, bias, y, kNoCell);
  }
  const CellId x = lowering.factor(node.op.inputs[0]);
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make_product(node.op.outputs[0]);
  add_inner_product(lowering, node, d, x, node.op.inputs[1], bias, y);
}

void lower_dense_backward_data(Lowering& lowering, const GraphNode& node) {
  const DType factors = lowering.graph().products;
  const Shape& dy_shape = lowering.shape(node.op.inputs[0]);
  const Shape& kernel = lowering.shape(node.op.inputs[1]);
  const InnerProduct d{dy_shape[0], kernel[0], kernel[1], factors};
  if (is_small_product(lowering.graph(), d)) {
    const CellId dy = lowering.plain(node.op.inputs[0]);
    const CellId weights = lowering.plain(node.op.inputs[1]);
    const CellId dx = lowering.make(node.op.outputs[0]);
    return add_small_product(lowering, node,
                             {.m = d.rows,
                              .n = d.inputs,
                              .k = d.outputs,
                              .a_row = d.outputs,
                              .b_row = 1,
                              .b_column = d.outputs},
                             dy, weights, kNoCell, dx, kNoCell);
  }
  const CellId dy = lowering.factor(node.op.inputs[0]);
  const CellId dx = lowering.make_product(node.op.outputs[0]);
  add_inner_product_backward_data(lowering, node, d, dy, node.op.inputs[1], dx);
}

void lower_dense_backward_weights(Lowering& lowering, const GraphNode& node) {
  const DType factors = lowering.graph().products;
  const Shape& x_shape = lowering.shape(node.op.inputs[0]);
  const Shape& dy_shape = lowering.shape(node.op.inputs[1]);
  const InnerProduct d{x_shape[0], x_shape[1], dy_shape[1], factors};
  if (is_small_product(lowering.graph(), d)) {
    const CellId x = lowering.plain(node.op.inputs[0]);
    const CellId dy = lowering.plain(node.op.inputs[1]);
    const CellId dkernel = lowering.make(node.op.outputs[0]);
    const CellId dbias = lowering.make(node.op.outputs[1]);
    return add_small_product(lowering, node,
                             {.m = d.inputs,
                              .n = d.outputs,
                              .k = d.rows,
                              .a_row = 1,
                              .a_column = d.inputs,
                              .b_row = d.outputs},
                             x, dy, kNoCell, dkernel, dbias);
  }
  const CellId x = lowering.factor(node.op.inputs[0]);
  const CellId dy = lowering.factor(node.op.inputs[1]);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  add_inner_product_backward_weights(lowering, node, d, x, dy, node.op.outputs[0], dbias);
}

void lower_dense_few(Lowering& lowering, const GraphNode& node) {
  const InnerProduct d = forward_shape(lowering.graph(), node.op);
  const DenseFew shape{d.rows, d.inputs, d.outputs};
  Parts parts = parts_of(lowering, node);
  const CellId kernel = kernel_as_factor(lowering, d, node.op.inputs[1]);
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make(node.op.outputs[0]);
  std::vector<CellId> reads = parts.x;
  reads.insert(reads.end(), {kernel, bias});
  ops::ActivationAttributes relu{.kind = ops::ActivationKind::kLeakyRelu, .beta = node.slope};
  Step& step = lowering.add_step(
      node, "own:dense_few", std::move(reads), {y},
      [shape, threads = lowering.threads(), addresses = addresses_of(lowering, parts),
       list = std::move(parts.parts), kernel = lowering.numbers(kernel), bias = lowering.ref(bias),
       y = lowering.ref(y), scratch = lowering.scratch(), rectified = node.rectified,
       relu](const StepNumbers&) mutable {
        addresses.fill(list);
        dense_few_forward(shape, threads, list, kernel.read(), bias.as(), y.as(),
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
  const InnerProduct d{dy_shape[0], kernel_shape[0], kernel_shape[1], lowering.factors()};
  const DenseFew shape{d.rows, d.inputs, d.outputs};
  Parts parts = parts_of(lowering, node);
  const Layout layout = transposed_kernel(d);
  const CellId dy = lowering.factor_as_floats(node.op.inputs[1]);
  const CellId kernel = node.op.inputs[2] == ops::kNoValue
                            ? kNoCell
                            : kernel_as_factor(lowering, d, node.op.inputs[2]);
  const CellId dkernel = lowering.make(node.op.outputs[0], layout);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  std::vector<CellId> reads = parts.x;
  reads.insert(reads.end(), {dy, kernel});
  std::vector<CellId> writes = parts.dx;
  writes.insert(writes.end(), {dkernel, dbias});
  Step& step = lowering.add_step(
      node, "own:dense_few", std::move(reads), std::move(writes),
      [shape, threads = lowering.threads(), addresses = addresses_of(lowering, parts),
       list = parts.parts, kernel = lowering.numbers(kernel), dy = lowering.ref(dy),
       dkernel = lowering.ref(dkernel), dbias = lowering.ref(dbias),
       scratch = lowering.scratch()](const StepNumbers&) mutable {
        addresses.fill(list);
        dense_few_backward(shape, threads, list, kernel.read(), dy.as(), dkernel.as(), dbias.as(),
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
