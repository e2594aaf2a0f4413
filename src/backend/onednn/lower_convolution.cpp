#include <string>
#include <utility>

#include "backend/onednn/convolution.hpp"
#include "backend/onednn/image_layout.hpp"
#include "backend/onednn/kernels/few_pixels.hpp"
#include "backend/onednn/kernels/patch_convolution.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

using bridge::Desc;
using bridge::image_desc;

void lower_few_pixels(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  const CellId x = lowering.factor(node.op.inputs[0]);
  const CellId kernel = lowering.factor(node.op.inputs[1]);
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make(node.op.outputs[0]);
  lowering.add_step(node, "own:few_pixels", {x, kernel, bias}, {y},
                    [shape = geometry_of(c), threads = lowering.threads(), x = lowering.ref(x),
                     kernel = lowering.ref(kernel), bias = lowering.ref(bias), y = lowering.ref(y),
                     rectified = node.rectified, slope = node.slope](const StepNumbers&) {
                      few_pixels_forward(shape, threads, x.as(), kernel.as(), bias.as(), rectified,
                                         slope, y.as());
                    });
}

void lower_few_pixels_backward_data(Lowering& lowering, const GraphNode& node,
                                    const Convolution& c) {
  const CellId dy = lowering.factor(node.op.inputs[0]);
  const CellId kernel = lowering.factor(node.op.inputs[1]);
  const CellId dx = lowering.make(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:few_pixels", {dy, kernel}, {dx},
      [shape = geometry_of(c), dy = lowering.ref(dy), kernel = lowering.ref(kernel),
       dx = lowering.ref(dx), scratch = lowering.scratch()](const StepNumbers&) {
        few_pixels_backward_data(shape, dy.as(), kernel.as(), dx.as(), scratch.as<std::byte>());
      });
  step.memory.scratch_bytes = few_pixels_scratch(geometry_of(c));
}

void lower_few_pixels_backward_weights(Lowering& lowering, const GraphNode& node,
                                       const Convolution& c) {
  const CellId x = lowering.factor(node.op.inputs[0]);
  const CellId dy = lowering.factor(node.op.inputs[1]);
  const CellId dkernel = lowering.make(node.op.outputs[0]);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  Step& step =
      lowering.add_step(node, "own:few_pixels", {x, dy}, {dkernel, dbias},
                        [shape = geometry_of(c), x = lowering.ref(x), dy = lowering.ref(dy),
                         dkernel = lowering.ref(dkernel), dbias = lowering.ref(dbias),
                         scratch = lowering.scratch()](const StepNumbers&) {
                          few_pixels_backward_weights(shape, x.as(), dy.as(), dkernel.as(),
                                                      dbias.as(), scratch.as<std::byte>());
                        });
  step.memory.scratch_bytes = few_pixels_scratch(geometry_of(c));
}

// The node's images: in blocks of channels, or plain.
Layout layout_of_image(const Lowering& lowering, const GraphNode& node, ops::ValueId id) {
  return node.blocked ? blocked_layout(lowering.shape(id), bridge::channel_block()) : std::nullopt;
}
CellId image(Lowering& lowering, const GraphNode& node, ops::ValueId id) {
  const Layout layout = layout_of_image(lowering, node, id);
  return layout ? lowering.factor(id, *layout) : lowering.factor(id);
}
CellId make_image(Lowering& lowering, const GraphNode& node, ops::ValueId id) {
  const Layout layout = layout_of_image(lowering, node, id);
  return layout ? lowering.make(id, layout) : lowering.make_product(id);
}

// Where patches are read, known when the plan is placed.
struct PatchInput {
  Ref x;
  bool bytes = false;
  bool rounded = false;
  std::vector<float> scale;
  std::vector<float> offset;

  PatchSource source() const {
    PatchSource source;
    if (bytes) {
      source.bytes = x.as<const std::uint8_t>();
    } else {
      source.floats = x.as();
    }
    if (scale.empty()) return source;
    source.scale = scale.data();
    source.offset = offset.data();
    source.rounded = rounded;
    return source;
  }
};

// One number per channel, or one for all, as many times as a row has pixels.
std::vector<float> over_row(const std::vector<float>& numbers, const ConvolutionGeometry& shape) {
  std::vector<float> row;
  for (std::int64_t i = 0; i < shape.in_width * shape.in_channels; ++i) {
    row.push_back(
        numbers[static_cast<std::size_t>(numbers.size() == 1 ? 0 : i % shape.in_channels)]);
  }
  return row;
}

std::pair<CellId, PatchInput> patch_input(Lowering& lowering, const GraphNode& node,
                                          const ConvolutionGeometry& shape) {
  PatchInput input;
  if (!node.conversion) {
    const CellId x = lowering.factor_as_floats(node.op.inputs[0]);
    input.x = lowering.ref(x);
    return {x, input};
  }
  const CellId x = lowering.cell(node.op.inputs[0]);
  input.x = lowering.ref(x);
  input.bytes = lowering.dtype_of(x) == DType::kUInt8;
  input.rounded = lowering.factors() == DType::kBFloat16;
  input.scale = over_row(node.conversion->scale, shape);
  input.offset = over_row(node.conversion->offset, shape);
  return {x, input};
}

void lower_patches(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  ConvolutionGeometry shape = geometry_of(c);
  shape.out_block = block_of(lowering.graph().layout(node.op.outputs[0]));
  const auto [x, input] = patch_input(lowering, node, shape);
  const CellId kernel = lowering.factor_as_floats(node.op.inputs[1]);
  const CellId bias = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:patch_convolution", {x, kernel, bias}, {y},
      [shape, threads = lowering.threads(), input = input, kernel = lowering.ref(kernel),
       bias = lowering.ref(bias), y = lowering.numbers(y), scratch = lowering.scratch(),
       rectified = node.rectified, slope = node.slope](const StepNumbers&) {
        patch_convolution_forward(shape, threads, input.source(), kernel.as(), bias.as(), rectified,
                                  slope, y.write(), scratch.as<std::byte>());
      });
  step.memory.scratch_bytes = patch_convolution_scratch(shape, lowering.threads());
}

void lower_patches_backward(Lowering& lowering, const GraphNode& node, const Convolution& c) {
  ConvolutionGeometry shape = geometry_of(c);
  shape.out_block = block_of(lowering.graph().layout(node.op.inputs[1]));
  const auto [x, input] = patch_input(lowering, node, shape);
  const CellId dy = lowering.wanted(node.op.inputs[1], lowering.factors());
  const CellId dkernel = lowering.make(node.op.outputs[0]);
  const CellId dbias = lowering.make(node.op.outputs[1]);
  Step& step = lowering.add_step(
      node, "own:patch_convolution", {x, dy}, {dkernel, dbias},
      [shape, threads = lowering.threads(), input = input, dy = lowering.numbers(dy),
       dkernel = lowering.ref(dkernel), dbias = lowering.ref(dbias),
       scratch = lowering.scratch()](const StepNumbers&) {
        patch_convolution_backward_weights(shape, threads, input.source(), dy.read(), dkernel.as(),
                                           dbias.as(), scratch.as<std::byte>());
      });
  step.memory.scratch_bytes = patch_convolution_scratch(shape, lowering.threads());
}

}  // namespace

Layout convolution_kernel_layout(const Graph& graph, const GraphNode& node) {
  const Convolution c = convolution_of(graph, node.op);
  if (takes_patches(c) || has_few_pixels(c)) return std::nullopt;
  if (c.factors == DType::kFloat32) {
    return layout_of(forward_hint(c, node.blocked).weights_desc(), plain_kernel(c));
  }
  return layout_of(describe_backward_weights(c, node, false).diff_weights_desc(), plain_kernel(c));
}

void lower_convolution(Lowering& lowering, const GraphNode& node) {
  const Convolution c = convolution_of(lowering.graph(), node.op);
  if (takes_patches(c)) return lower_patches(lowering, node, c);
  if (has_few_pixels(c)) return lower_few_pixels(lowering, node, c);
  const bool with_bias = node.op.inputs[2] != ops::kNoValue;
  bridge::ConvolutionShape shape = shape_of(c, node, with_bias);
  if (!node.blocked)
    shape.destination = image_desc(c.y, lowering.product_dtype(node.op.outputs[0]));
  const auto description =
      bridge::convolution_forward(shape, true, {.enabled = node.rectified, .slope = node.slope});
  const EngineLayout kernel{description.weights_desc(), plain_kernel(c)};
  const CellId x_cell = image(lowering, node, node.op.inputs[0]);
  const CellId kernel_cell = lowering.factor(node.op.inputs[1], kernel);
  const CellId bias_cell = lowering.plain(node.op.inputs[2]);
  const CellId y_cell = make_image(lowering, node, node.op.outputs[0]);
  lowering.add_primitive(node, description, dnnl::convolution_forward(description),
                         {{DNNL_ARG_SRC, x_cell, description.src_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, kernel.desc},
                          {DNNL_ARG_BIAS, bias_cell, description.bias_desc()},
                          {DNNL_ARG_DST, y_cell, description.dst_desc(), true}});
}

void lower_convolution_backward_data(Lowering& lowering, const GraphNode& node) {
  const Convolution c = convolution_of(lowering.graph(), node.op);
  if (has_few_pixels(c)) return lower_few_pixels_backward_data(lowering, node, c);
  const auto description =
      describe_backward_data(c, node, lowering.product_dtype(node.op.outputs[0]));
  const EngineLayout kernel{description.weights_desc(), plain_kernel(c)};
  const CellId dy_cell = image(lowering, node, node.op.inputs[0]);
  const CellId kernel_cell = lowering.factor(node.op.inputs[1], kernel);
  const CellId dx_cell = make_image(lowering, node, node.op.outputs[0]);
  lowering.add_primitive(node, description, dnnl::convolution_backward_data(description),
                         {{DNNL_ARG_DIFF_DST, dy_cell, description.diff_dst_desc()},
                          {DNNL_ARG_WEIGHTS, kernel_cell, kernel.desc},
                          {DNNL_ARG_DIFF_SRC, dx_cell, description.diff_src_desc(), true}});
}

void lower_convolution_backward_weights(Lowering& lowering, const GraphNode& node) {
  const Convolution c = convolution_of(lowering.graph(), node.op);
  if (takes_patches(c)) return lower_patches_backward(lowering, node, c);
  if (has_few_pixels(c)) return lower_few_pixels_backward_weights(lowering, node, c);
  const bool with_bias = node.op.outputs[1] != ops::kNoValue;
  const auto description = describe_backward_weights(c, node, with_bias);
  const Desc kernel = description.diff_weights_desc();
  const CellId x_cell = image(lowering, node, node.op.inputs[0]);
  const CellId dy_cell = image(lowering, node, node.op.inputs[1]);
  const CellId dkernel_cell = lowering.make(node.op.outputs[0], layout_of(kernel, plain_kernel(c)));
  const CellId dbias_cell = lowering.make(node.op.outputs[1]);
  lowering.add_primitive(node, description, dnnl::convolution_backward_weights(description),
                         {{DNNL_ARG_SRC, x_cell, description.src_desc()},
                          {DNNL_ARG_DIFF_DST, dy_cell, description.diff_dst_desc()},
                          {DNNL_ARG_DIFF_WEIGHTS, dkernel_cell, kernel, true},
                          {DNNL_ARG_DIFF_BIAS, dbias_cell, description.diff_bias_desc(), true}});
}

}  // namespace tenon::backend::onednn
