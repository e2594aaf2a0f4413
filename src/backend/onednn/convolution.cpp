#include "backend/onednn/convolution.hpp"

#include <algorithm>

#include "backend/onednn/kernels/patch_convolution.hpp"

namespace tenon::backend::onednn {
namespace {

using bridge::blocked_image_desc;
using bridge::channel_block;
using bridge::Desc;
using bridge::Dims;
using bridge::float_desc;
using bridge::image_desc;
using bridge::Tag;

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

// Where y has so few pixels that a row of it fills no tile of oneDNN's convolutions. Of 512 to 512
// channels on 2×2 pixels, forward, for the image and for the kernel: 2.3, 1.9, 6.5 ms by oneDNN;
// see docs/engine.md.
constexpr std::int64_t kFewPixels = 4;

// Winograd's tiles are 4×4 pixels of y. Measured (oneDNN 2.6.3, AVX-512, batch 32, 2 threads),
// times as fast as directly: 64→128 on 16×16 2.1 forward, 1.9 backward; 128→128 on 8×8 1.6, 1.5
// to 1.8; 16→32 on 32×32 1.4, 1.6; 256→256 on 4×4 0.95 forward, but 1.6 for the weights; 16→16 0.9.
constexpr std::int64_t kWinogradTile = 4;
constexpr std::int64_t kWinogradPixels = 49;
constexpr std::int64_t kWinogradPixelsForWeights = 16;
constexpr std::int64_t kWinogradChannels = 16 * 32;
constexpr std::int64_t kWinogradTiles = 128;
constexpr std::size_t kWinogradScratch = std::size_t{96} << 20;

bool is_3x3(const Convolution& c) {
  const auto& a = c.attributes;
  const auto ones = [](const auto& list) {
    return std::ranges::all_of(list, [](std::int64_t n) { return n == 1; });
  };
  return c.x.rank() == 4 && c.kernel[0] == 3 && c.kernel[1] == 3 && a.groups == 1 &&
         ones(a.strides) && ones(a.dilation);
}

}  // namespace

Convolution convolution_of(const Graph& graph, const ops::Node& op) {
  const auto& a = std::get<ops::ConvolutionAttributes>(op.attributes);
  const auto shape = [&](std::size_t port) -> const Shape& {
    return graph.value(op.inputs[port]).shape;
  };
  switch (op.kind) {
    case ops::OpKind::kConvolutionBackwardData:
      return {a.input_shape, shape(1), shape(0), a, graph.products};
    case ops::OpKind::kConvolutionBackwardWeights:
      return {shape(0), a.kernel_shape, shape(1), a, graph.products};
    default:
      return {shape(0), shape(1), graph.value(op.outputs[0]).shape, a, graph.products};
  }
}

Desc plain_kernel(const Convolution& c) {
  const bool grouped = c.attributes.groups != 1;
  if (is_volume(c)) return float_desc(kernel_dims(c), grouped ? Tag::dhwigo : Tag::dhwio);
  return float_desc(kernel_dims(c), grouped ? Tag::hwigo : Tag::hwio);
}

bridge::ConvolutionShape shape_of(const Convolution& c, const GraphNode& node, bool with_bias) {
  const auto& a = c.attributes;
  bridge::ConvolutionShape shape;
  shape.source =
      node.blocked ? blocked_image_desc(c.x, channel_block()) : image_desc(c.x, c.factors);
  shape.weights = bridge::desc_of(c.factors, kernel_dims(c), Tag::any);
  if (with_bias) shape.bias = float_desc({c.kernel.dim(-1)}, Tag::a);
  shape.destination =
      node.blocked ? blocked_image_desc(c.y, channel_block()) : image_desc(c.y, c.factors);
  shape.winograd = node.winograd;
  shape.strides = a.strides;
  shape.dilates = a.dilation;
  for (std::int64_t& dilate : shape.dilates) --dilate;
  shape.pad_before = a.pad_before;
  shape.pad_after = a.pad_after;
  return shape;
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
  return c.attributes.groups == 1 && patch_convolution_fits(geometry_of(c));
}

bool has_few_pixels(const Convolution& c) {
  const ConvolutionGeometry g = geometry_of(c);
  return c.factors == DType::kFloat32 && c.attributes.groups == 1 &&
         g.out_pixels() <= kFewPixels * g.batch && g.taps() > g.in_channels &&
         g.in_channels >= 64 && g.out_channels >= 64;
}

dnnl::convolution_forward::primitive_desc forward_hint(const Convolution& c, bool blocked) {
  GraphNode node;
  node.blocked = blocked;
  return bridge::convolution_forward(shape_of(c, node, false), true);
}

namespace {

// Of the same algorithm: oneDNN refuses a mixture.
dnnl::convolution_forward::primitive_desc hint_for(const Convolution& c, const GraphNode& node) {
  return bridge::convolution_forward(shape_of(c, node, false), true);
}

}  // namespace

dnnl::convolution_backward_data::primitive_desc describe_backward_data(const Convolution& c,
                                                                       const GraphNode& node,
                                                                       DType dtype) {
  bridge::ConvolutionShape shape = shape_of(c, node, false);
  if (!node.blocked) shape.source = image_desc(c.x, dtype);
  return bridge::convolution_backward_data(shape, hint_for(c, node));
}

dnnl::convolution_backward_weights::primitive_desc describe_backward_weights(const Convolution& c,
                                                                             const GraphNode& node,
                                                                             bool with_bias) {
  bridge::ConvolutionShape shape = shape_of(c, node, with_bias);
  shape.weights = float_desc(kernel_dims(c), Tag::any);
  return bridge::convolution_backward_weights(shape, hint_for(c, node));
}

bool fits_blocks(const Convolution& c) {
  const std::int64_t block = channel_block();
  if (block == 0 || c.x.dim(-1) % block != 0 || c.y.dim(-1) % block != 0) return false;
  GraphNode node;
  node.blocked = true;
  return bridge::is_fast(hint_for(c, node)) && bridge::is_fast(describe_backward_data(c, node)) &&
         bridge::is_fast(describe_backward_weights(c, node, false));
}

bool suits_winograd(const Convolution& c, const GraphNode& node) {
  const bool weights = node.op.kind == ops::OpKind::kConvolutionBackwardWeights;
  if (!node.blocked || !is_3x3(c)) return false;
  const auto tiles = [](std::int64_t side) { return (side + kWinogradTile - 1) / kWinogradTile; };
  const std::int64_t pixels = c.y[1] * c.y[2];
  if (pixels < (weights ? kWinogradPixelsForWeights : kWinogradPixels) ||
      c.x[3] * c.y[3] < kWinogradChannels ||
      c.y[0] * tiles(c.y[1]) * tiles(c.y[2]) < kWinogradTiles) {
    return false;
  }
  GraphNode wanted = node;
  wanted.winograd = true;
  const auto fits = [](const auto& description) {
    return bridge::is_fast(description) &&
           description.scratchpad_desc().get_size() <= kWinogradScratch;
  };
  const auto forward = hint_for(c, wanted);
  if (!forward) return false;
  if (weights) return fits(describe_backward_weights(c, wanted, true));
  if (node.op.kind == ops::OpKind::kConvolutionBackwardData) {
    return fits(describe_backward_data(c, wanted));
  }
  return fits(forward);
}

}  // namespace tenon::backend::onednn
