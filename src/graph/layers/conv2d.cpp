#include <fmt/format.h>

#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

struct Conv2DSettings : Conv2DOptions {
  std::int64_t filters = 1;
  Pair kernel_size = 1;
};

SlidingWindow window_of(const Conv2DSettings& settings) {
  return {per_axis(settings.kernel_size), per_axis(settings.strides),
          per_axis(settings.dilation_rate), settings.padding};
}

std::string conflict(const Conv2DSettings& settings) {
  if (settings.filters % settings.groups != 0) {
    return fmt::format("filters is {} and groups is {}; filters must be a multiple of groups",
                       settings.filters, settings.groups);
  }
  if (settings.strides != Pair(1) && settings.dilation_rate != Pair(1)) {
    return "strides and dilation_rate are both more than 1; only one of them may be";
  }
  return {};
}

std::vector<WeightDeclaration> weights(const Conv2DSettings& settings, const CallContext& call) {
  const std::int64_t channels = call.require_size(-1, "the channel axis");
  if (channels % settings.groups != 0) {
    call.refuse(fmt::format("its {} groups do not divide {} channels", settings.groups, channels),
                "as many channels as groups, or a multiple");
  }
  std::vector<WeightDeclaration> weights = {
      {"kernel",
       {settings.kernel_size.height, settings.kernel_size.width, channels / settings.groups,
        settings.filters},
       settings.kernel_initializer,
       settings.kernel_regularizer}};
  if (settings.use_bias) {
    weights.push_back(
        {"bias", {settings.filters}, settings.bias_initializer, settings.bias_regularizer});
  }
  return weights;
}

TensorSpec output(const Conv2DSettings& settings, const CallContext& call) {
  return slide(call, window_of(settings), settings.filters);
}

ops::ValueId lower(const Conv2DSettings& settings, LowerContext& context) {
  const WindowPadding padding = padding_of(window_of(settings), context.shape(context.input()));
  ops::ConvolutionAttributes attributes;
  attributes.strides = per_axis(settings.strides);
  attributes.dilation = per_axis(settings.dilation_rate);
  attributes.pad_before = padding.before;
  attributes.pad_after = padding.after;
  attributes.groups = settings.groups;
  const ops::ValueId convolved =
      context.apply(ops::OpKind::kConvolution, attributes,
                    {context.input(), context.weight("kernel"), context.weight("bias")});
  return context.activation(settings.activation, convolved);
}

}  // namespace

LayerDescriptor conv2d_descriptor() {
  return LayerDeclaration<Conv2DSettings>("Conv2D", "Convolution over height and width.")
      .positional("filters", &Conv2DSettings::filters, at_least(1))
      .positional("kernel_size", &Conv2DSettings::kernel_size, at_least(1))
      .argument("strides", &Conv2DSettings::strides, at_least(1))
      .argument("padding", &Conv2DSettings::padding, one_of({"valid", "same"}))
      .fixed("data_format", "\"channels_last\"")
      .argument("dilation_rate", &Conv2DSettings::dilation_rate, at_least(1))
      .argument("groups", &Conv2DSettings::groups, at_least(1))
      .argument("activation", &Conv2DSettings::activation, activation_word())
      .argument("use_bias", &Conv2DSettings::use_bias)
      .argument("kernel_initializer", &Conv2DSettings::kernel_initializer)
      .argument("bias_initializer", &Conv2DSettings::bias_initializer)
      .argument("kernel_regularizer", &Conv2DSettings::kernel_regularizer, at_least(0))
      .argument("bias_regularizer", &Conv2DSettings::bias_regularizer, at_least(0))
      .fixed("activity_regularizer", "null")
      .fixed("kernel_constraint", "null")
      .fixed("bias_constraint", "null")
      .conflict(conflict)
      .weights(weights)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Conv2D::Conv2D(std::int64_t filters, Pair kernel_size, Conv2DOptions options)
    : Layer(graph::make_layer("Conv2D",
                              graph::Conv2DSettings{std::move(options), filters, kernel_size})) {}

}  // namespace tenon
