#include <fmt/format.h>

#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

struct DepthwiseConv2DSettings : DepthwiseConv2DOptions {
  Pair kernel_size = 1;
};
using Settings = DepthwiseConv2DSettings;

SlidingWindow window_of(const Settings& settings) {
  return {per_axis(settings.kernel_size), per_axis(settings.strides),
          per_axis(settings.dilation_rate), settings.padding};
}

std::string conflict(const Settings& settings) {
  if (settings.strides != Pair(1) && settings.dilation_rate != Pair(1)) {
    return "strides and dilation_rate are both more than 1; only one of them may be";
  }
  return {};
}

std::vector<WeightDeclaration> weights(const Settings& settings, const CallContext& call) {
  const std::int64_t channels = call.require_size(-1, "the channel axis");
  std::vector<WeightDeclaration> weights = {
      {"kernel",
       {settings.kernel_size.height, settings.kernel_size.width, channels,
        settings.depth_multiplier},
       settings.depthwise_initializer,
       settings.depthwise_regularizer}};
  if (settings.use_bias) {
    weights.push_back({"bias",
                       {channels * settings.depth_multiplier},
                       settings.bias_initializer,
                       settings.bias_regularizer});
  }
  return weights;
}

TensorSpec output(const Settings& settings, const CallContext& call) {
  require_image(call, 2);
  return slide(call, window_of(settings), call.product(call.dim(3), settings.depth_multiplier));
}

/// A convolution with as many groups as channels; the kernel (kh, kw, C, m) in its order of
/// elements is that convolution's (kh, kw, 1, C·m).
ops::ValueId lower(const Settings& settings, LowerContext& context) {
  const Shape image = context.shape(context.input());
  const std::int64_t channels = image.dim(3);
  const WindowPadding padding = padding_of(window_of(settings), image);
  ops::ConvolutionAttributes attributes;
  attributes.strides = per_axis(settings.strides);
  attributes.dilation = per_axis(settings.dilation_rate);
  attributes.pad_before = padding.before;
  attributes.pad_after = padding.after;
  attributes.groups = channels;
  const ops::ValueId kernel = context.reshape(
      context.weight("kernel"), {settings.kernel_size.height, settings.kernel_size.width, 1,
                                 channels * settings.depth_multiplier});
  const ops::ValueId convolved = context.apply(ops::OpKind::kConvolution, attributes,
                                               {context.input(), kernel, context.weight("bias")});
  return context.activation(settings.activation, convolved);
}

}  // namespace

LayerDescriptor depthwise_conv2d_descriptor() {
  return LayerDeclaration<Settings>("DepthwiseConv2D", "A convolution of each channel by itself.")
      .positional("kernel_size", &Settings::kernel_size, at_least(1))
      .argument("strides", &Settings::strides, at_least(1))
      .argument("padding", &Settings::padding, one_of({"valid", "same"}))
      .argument("depth_multiplier", &Settings::depth_multiplier, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .argument("dilation_rate", &Settings::dilation_rate, at_least(1))
      .argument("activation", &Settings::activation, activation_word())
      .argument("use_bias", &Settings::use_bias)
      .argument("depthwise_initializer", &Settings::depthwise_initializer)
      .argument("bias_initializer", &Settings::bias_initializer)
      .argument("depthwise_regularizer", &Settings::depthwise_regularizer, at_least(0))
      .argument("bias_regularizer", &Settings::bias_regularizer, at_least(0))
      .fixed("activity_regularizer", "null")
      .fixed("depthwise_constraint", "null")
      .fixed("bias_constraint", "null")
      .conflict(conflict)
      .weights(weights)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

DepthwiseConv2D::DepthwiseConv2D(Pair kernel_size, DepthwiseConv2DOptions options)
    : Layer(graph::make_layer("DepthwiseConv2D",
                              graph::DepthwiseConv2DSettings{std::move(options), kernel_size})) {}

}  // namespace tenon
