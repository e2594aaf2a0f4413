#include <string>
#include <utility>

#include "backend/onednn/inner_product.hpp"
#include "backend/onednn/kernels/patch_convolution.hpp"
#include "backend/onednn/kernels/unfold.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using bridge::Desc;
using bridge::Dims;
using bridge::float_desc;
using bridge::image_desc;
using bridge::Tag;

// A convolution in our words: the shapes of its three tensors and its attributes. The backward ops
// have the same.
struct Convolution {
  const Shape& x;
  const Shape& kernel;
  const Shape& y;
  const ops::ConvolutionAttributes& attributes;
  DType factors;  // what is multiplied
};

Convolution convolution_of(const Graph& graph, const ops::Node& op) {
  const auto& a = std::get<ops::ConvolutionAttributes>(op.attributes);
  const auto shape = [&](std::size_t port) -> const Shape& {
    return graph.value(op.inputs[port]).shape;
  };
  switch (op.kind) {
    case ops::OpKind::kConvolutionBackwardData:
      return {a.input_shape, shape(1), shape(0), a, graph.factors};
    case ops::OpKind::kConvolutionBackwardWeights:
      return {shape(0), a.kernel_shape, shape(1), a, graph.factors};
    default:
      return {shape(0), shape(1), graph.value(op.outputs[0]).shape, a, graph.factors};
  }
}

bool is_volume(const Convolution& c) { return c.x.rank() == 5; }

// ([depth,] height, width, in / groups, out) as (out, in, [depth,] height, width), or with groups
// before.
Dims kernel_dims(const Convolution& c) {
  const std::int64_t groups = c.attributes.groups;
  Dims dims = {c.kernel.dim(-1) / groups, c.kernel.dim(-2)};
  dims.insert(dims.end(), c.kernel.begin(), c.kernel.end() - 2);
  if (groups != 1) dims.insert(dims.begin(), groups);
  return dims;
}
Desc plain_kernel(const Convolution& c) {
  const bool grouped = c.attributes.groups != 1;
  if (is_volume(c)) return float_desc(kernel_dims(c), grouped ? Tag::dhwigo : Tag::dhwio);
  return float_desc(kernel_dims(c), grouped ? Tag::hwigo : Tag::hwio);
}

bridge::ConvolutionShape bridge_shape(const Convolution& c, bool with_bias) {
  const auto& a = c.attributes;
  bridge::ConvolutionShape shape;
  shape.source = image_desc(c.x, c.factors);
  shape.weights = bridge::desc_of(c.factors, kernel_dims(c), Tag::any);
  if (with_bias) shape.bias = float_desc({c.kernel.dim(-1)}, Tag::a);
  shape.destination = image_desc(c.y, c.factors);
  shape.strides = a.strides;
  shape.dilates = a.dilation;
  for (std::int64_t& dilate : shape.dilates) --dilate;
  shape.pad_before = a.pad_before;
  shape.pad_after = a.pad_after;
  return shape;
}

void set_depth(ConvolutionGeometry& s, const Convolution& c) {
  const auto& a = c.attributes;
  s.in_depth = c.x[1];
  s.out_depth = c.y[1];
  s.kernel_depth = c.kernel[0];
  s.stride_depth = a.strides[0];
  s.dilation_depth = a.dilation[0];
  s.pad_front = a.pad_before[0];
  s.pad_back = a.pad_after[0];
}

ConvolutionGeometry geometry_of(const Convolution& c) {
  const auto& a = c.attributes;
  const std::size_t height = is_volume(c) ? 1 : 0;  // Which of the spatial axes.
  const std::size_t width = height + 1;
  ConvolutionGeometry s;
  if (is_volume(c)) set_depth(s, c);
  s.batch = c.x[0];
  s.in_height = c.x.dim(-3);
  s.in_width = c.x.dim(-2);
  s.in_channels = c.x.dim(-1);
  s.out_height = c.y.dim(-3);
  s.out_width = c.y.dim(-2);
  s.out_channels = c.y.dim(-1);
  s.kernel_height = c.kernel[height];
  s.kernel_width = c.kernel[width];
  s.stride_height = a.strides[height];
  s.stride_width = a.strides[width];
  s.dilation_height = a.dilation[height];
  s.dilation_width = a.dilation[width];
  s.pad_top = a.pad_before[height];
  s.pad_left = a.pad_before[width];
  s.pad_bottom = a.pad_after[height];
  s.pad_right = a.pad_after[width];
  return s;
}

bool takes_patches(const Convolution& c) {
  return c.factors == DType::kFloat32 && c.attributes.groups == 1 &&
         patch_convolution_fits(geometry_of(c));
}

// Where y has so few pixels that a row of it fills no tile of oneDNN's convolutions, the matrix
// product of unfolded patches is up to three times as fast.
constexpr std::int64_t kFewPixels = 4;

bool unfolds(const Convolution& c) {
  const ConvolutionGeometry g = geometry_of(c);
  return c.factors == DType::kFloat32 && c.attributes.groups == 1 &&
         g.out_pixels() <= kFewPixels * g.batch && g.taps() > g.in_channels &&
         g.in_channels >= 64 && g.out_channels >= 64;
}

InnerProduct product_of(const Convolution& c) {
  const ConvolutionGeometry g = geometry_of(c);
  return {g.out_pixels(), g.taps(), g.out_channels};
}

std::size_t patch_bytes(const Convolution& c) {
  const InnerProduct product = product_of(c);
  return static_cast<std::size_t>(product.rows * product.inputs) * sizeof(float);
}

// The step between an image and its patches is told apart from the product, which has all the
// operations.
void report_as(Step& step, std::string op) {
  step.report.op = std::move(op);
  step.report.floating_point_operations = 0.0;
}

CellId add_unfold(Lowering& lowering, const GraphNode& node, const Convolution& c, CellId x) {
  const CellId patches = lowering.memory().add({.bytes = patch_bytes(c)});
  Step& step =
      lowering.add_step(node, "own:unfold", {x}, {patches},
                        [shape = geometry_of(c), threads = lowering.threads(), x = lowering.ref(x),
                         patches = lowering.ref(patches)](const StepNumbers&) {
                          unfold(shape, threads, x.as(), patches.as());
                        });
  report_as(step, "unfold");
  return patches;
}

void lower_unfolded(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  const CellId patches = add_unfold(lowering, node, c, lowering.plain(node.op.inputs[0]));
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make(node.op.outputs[0]);
  add_inner_product(lowering, node, product_of(c), patches, node.op.inputs[1], bias, y);
}

void lower_unfolded_backward_data(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  const CellId dy = lowering.plain(node.op.inputs[0]);
  const CellId dpatches = lowering.memory().add({.bytes = patch_bytes(c)});
  add_inner_product_backward_data(lowering, node, product_of(c), dy, node.op.inputs[1], dpatches);
  const CellId dx = lowering.make(node.op.outputs[0]);
  Step& step =
      lowering.add_step(node, "own:fold", {dpatches}, {dx},
                        [shape = geometry_of(c), threads = lowering.threads(),
                         dpatches = lowering.ref(dpatches), dx = lowering.ref(dx)](
                            const StepNumbers&) { fold(shape, threads, dpatches.as(), dx.as()); });
  report_as(step, "fold");
}

void lower_unfolded_backward_weights(Lowering& lowering, const GraphNode& node,
                                     const Convolution& c) {
  const CellId patches = add_unfold(lowering, node, c, lowering.plain(node.op.inputs[0]));
  const CellId dy = lowering.plain(node.op.inputs[1]);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  add_inner_product_backward_weights(lowering, node, product_of(c), patches, dy, node.op.outputs[0],
                                     dbias);
}

dnnl::convolution_forward::primitive_desc forward_hint(const Convolution& c) {
  return bridge::convolution_forward(bridge_shape(c, false), true);
}

// The gradient of the kernel is float32.
dnnl::convolution_backward_weights::primitive_desc kernel_gradient(const Convolution& c,
                                                                   bool with_bias) {
  bridge::ConvolutionShape shape = bridge_shape(c, with_bias);
  shape.weights = float_desc(kernel_dims(c), Tag::any);
  return bridge::convolution_backward_weights(shape, forward_hint(c));
}

void lower_patches(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  const ConvolutionGeometry shape = geometry_of(c);
  const CellId x = lowering.plain(node.op.inputs[0]);
  const CellId kernel = lowering.plain(node.op.inputs[1]);
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:patch_convolution", {x, kernel, bias}, {y},
      [shape, threads = lowering.threads(), x = lowering.ref(x), kernel = lowering.ref(kernel),
       bias = lowering.ref(bias), y = lowering.ref(y), scratch = lowering.scratch(),
       rectified = node.rectified, slope = node.slope](const StepNumbers&) {
        patch_convolution_forward(shape, threads, x.as(), kernel.as(), bias.as(), rectified, slope,
                                  y.as(), scratch.as<std::byte>());
      });
  step.memory.scratch_bytes = patch_convolution_scratch(shape, lowering.threads());
}

void lower_patches_backward(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  const ConvolutionGeometry shape = geometry_of(c);
  const CellId x = lowering.plain(node.op.inputs[0]);
  const CellId dy = lowering.plain(node.op.inputs[1]);
  const CellId dkernel = lowering.make(node.op.outputs[0]);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  Step& step = lowering.add_step(
      node, "own:patch_convolution", {x, dy}, {dkernel, dbias},
      [shape, threads = lowering.threads(), x = lowering.ref(x), dy = lowering.ref(dy),
       dkernel = lowering.ref(dkernel), dbias = lowering.ref(dbias),
       scratch = lowering.scratch()](const StepNumbers&) {
        patch_convolution_backward_weights(shape, threads, x.as(), dy.as(), dkernel.as(),
                                           dbias.as(), scratch.as<std::byte>());
      });
  step.memory.scratch_bytes = patch_convolution_scratch(shape, lowering.threads());
}

}  // namespace

Layout convolution_kernel_layout(const Graph& graph, const GraphNode& node) {
  const Convolution c = convolution_of(graph, node.op);
  if (takes_patches(c)) return std::nullopt;
  if (unfolds(c)) return inner_product_kernel_layout(product_of(c));
  if (c.factors == DType::kFloat32) {
    return layout_of(forward_hint(c).weights_desc(), plain_kernel(c));
  }
  return layout_of(kernel_gradient(c, false).diff_weights_desc(), plain_kernel(c));
}

void lower_convolution(Lowering& lowering, const GraphNode& node) {
  const Convolution c = convolution_of(lowering.graph(), node.op);
  if (takes_patches(c)) return lower_patches(lowering, node, c);
  if (unfolds(c)) return lower_unfolded(lowering, node, c);
  const bool with_bias = node.op.inputs[2] != ops::kNoValue;
  bridge::ConvolutionShape shape = bridge_shape(c, with_bias);
  shape.destination = bridge::image_desc(c.y, lowering.stored(node.op.outputs[0]));
  const auto description =
      bridge::convolution_forward(shape, true, {.enabled = node.rectified, .slope = node.slope});
  const EngineLayout kernel{description.weights_desc(), plain_kernel(c)};
  const CellId x_cell = lowering.plain(node.op.inputs[0], c.factors);
  const CellId kernel_cell = lowering.laid_out(node.op.inputs[1], kernel);
  const CellId bias_cell = lowering.plain(node.op.inputs[2]);
  const CellId y_cell = lowering.make_as_stored(node.op.outputs[0]);
  lowering.add_primitive(node, description, dnnl::convolution_forward(description),
                         {{DNNL_ARG_SRC, x_cell, description.src_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, kernel.desc},
                          {DNNL_ARG_BIAS, bias_cell, description.bias_desc()},
                          {DNNL_ARG_DST, y_cell, description.dst_desc(), true}});
}

void lower_convolution_backward_data(Lowering& lowering, const GraphNode& node) {
  const Convolution c = convolution_of(lowering.graph(), node.op);
  if (unfolds(c)) return lower_unfolded_backward_data(lowering, node, c);
  bridge::ConvolutionShape shape = bridge_shape(c, false);
  shape.source = bridge::image_desc(c.x, lowering.stored(node.op.outputs[0]));
  const auto description = bridge::convolution_backward_data(shape, forward_hint(c));
  const EngineLayout kernel{description.weights_desc(), plain_kernel(c)};
  const CellId dy_cell = lowering.plain(node.op.inputs[0], c.factors);
  const CellId kernel_cell = lowering.laid_out(node.op.inputs[1], kernel);
  const CellId dx_cell = lowering.make_as_stored(node.op.outputs[0]);
  lowering.add_primitive(node, description, dnnl::convolution_backward_data(description),
                         {{DNNL_ARG_DIFF_DST, dy_cell, description.diff_dst_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, kernel.desc},
                          {DNNL_ARG_DIFF_SRC, dx_cell, description.diff_src_desc(), true}});
}

void lower_convolution_backward_weights(Lowering& lowering, const GraphNode& node) {
  const Convolution c = convolution_of(lowering.graph(), node.op);
  if (takes_patches(c)) return lower_patches_backward(lowering, node, c);
  if (unfolds(c)) return lower_unfolded_backward_weights(lowering, node, c);
  const bool with_bias = node.op.outputs[1] != ops::kNoValue;
  const auto description = kernel_gradient(c, with_bias);
  const Desc kernel = description.diff_weights_desc();
  const CellId x_cell = lowering.plain(node.op.inputs[0], c.factors);
  const CellId dy_cell = lowering.plain(node.op.inputs[1], c.factors);
  const CellId dkernel_cell = lowering.make(node.op.outputs[0], layout_of(kernel, plain_kernel(c)));
  const CellId dbias_cell = lowering.make(node.op.outputs[1]);
  lowering.add_primitive(node, description, dnnl::convolution_backward_weights(description),
                         {{DNNL_ARG_SRC, x_cell, description.src_desc()},
                          {DNNL_ARG_DIFF_DST, dy_cell, description.diff_dst_desc()},
                          {DNNL_ARG_DIFF_WEIGHTS, dkernel_cell, kernel, true},
                          {DNNL_ARG_DIFF_BIAS, dbias_cell, description.diff_bias_desc(), true}});
}

}  // namespace tenon::backend::onednn
