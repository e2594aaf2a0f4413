#include <fmt/format.h>

#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

template <class Size>
struct ConvolutionSettings : ConvolutionOptions<Size> {
  std::int64_t filters = 1;
  Size kernel_size = 1;
};

template <class Size>
SlidingWindow window_of(const ConvolutionSettings<Size>& settings) {
  return {per_axis(settings.kernel_size), per_axis(settings.strides),
          per_axis(settings.dilation_rate), settings.padding};
}

template <class Size>
std::string conflict(const ConvolutionSettings<Size>& settings) {
  if (settings.filters % settings.groups != 0) {
    return fmt::format("filters is {} and groups is {}; filters must be a multiple of groups",
                       settings.filters, settings.groups);
  }
  if (settings.strides != Size(1) && settings.dilation_rate != Size(1)) {
    return "strides and dilation_rate are both more than 1; only one of them may be";
  }
  return {};
}

template <class Size>
std::vector<WeightDeclaration> weights(const ConvolutionSettings<Size>& settings,
                                       const CallContext& call) {
  const std::int64_t channels = call.require_size(-1, "the channel axis");
  if (channels % settings.groups != 0) {
    call.refuse(fmt::format("its {} groups do not divide {} channels", settings.groups, channels),
                "as many channels as groups, or a multiple");
  }
  std::vector<std::int64_t> kernel = per_axis(settings.kernel_size);
  kernel.push_back(channels / settings.groups);
  kernel.push_back(settings.filters);
  std::vector<WeightDeclaration> weights = {{"kernel", Shape(std::move(kernel)),
                                             settings.kernel_initializer,
                                             settings.kernel_regularizer}};
  if (settings.use_bias) {
    weights.push_back(
        {"bias", {settings.filters}, settings.bias_initializer, settings.bias_regularizer});
  }
  return weights;
}

template <class Size>
TensorSpec output(const ConvolutionSettings<Size>& settings, const CallContext& call) {
  return slide(call, window_of(settings), settings.filters);
}

template <class Size>
ops::ValueId lower(const ConvolutionSettings<Size>& settings, LowerContext& context) {
  const SlidingWindow window = window_of(settings);
  const WindowPadding padding = padding_of(window, context.shape(context.input()));
  ops::ConvolutionAttributes attributes;
  attributes.strides = window.strides;
  attributes.dilation = window.dilation;
  attributes.pad_before = padding.before;
  attributes.pad_after = padding.after;
  attributes.groups = settings.groups;
  const ops::ValueId convolved =
      context.apply(ops::OpKind::kConvolution, attributes,
                    {context.input(), context.weight("kernel"), context.weight("bias")});
  return context.activation(settings.activation, convolved);
}

template <class Size>
LayerDescriptor convolution_descriptor(const char* class_name, const char* description) {
  using Settings = ConvolutionSettings<Size>;
  return LayerDeclaration<Settings>(class_name, description)
      .positional("filters", &Settings::filters, at_least(1))
      .positional("kernel_size", &Settings::kernel_size, at_least(1))
      .argument("strides", &Settings::strides, at_least(1))
      .argument("padding", &Settings::padding, one_of({"valid", "same"}))
      .fixed("data_format", "\"channels_last\"")
      .argument("dilation_rate", &Settings::dilation_rate, at_least(1))
      .argument("groups", &Settings::groups, at_least(1))
      .argument("activation", &Settings::activation, activation_word())
      .argument("use_bias", &Settings::use_bias)
      .argument("kernel_initializer", &Settings::kernel_initializer)
      .argument("bias_initializer", &Settings::bias_initializer)
      .argument("kernel_regularizer", &Settings::kernel_regularizer, at_least(0))
      .argument("bias_regularizer", &Settings::bias_regularizer, at_least(0))
      .fixed("activity_regularizer", "null")
      .fixed("kernel_constraint", "null")
      .fixed("bias_constraint", "null")
      .conflict(conflict<Size>)
      .weights(weights<Size>)
      .output(output<Size>)
      .lower(lower<Size>)
      .done();
}

}  // namespace

LayerDescriptor conv2d_descriptor() {
  return convolution_descriptor<Pair>("Conv2D", "Convolution over height and width.");
}
LayerDescriptor conv3d_descriptor() {
  return convolution_descriptor<Triple>("Conv3D", "Convolution over depth, height and width.");
}

}  // namespace tenon::graph

namespace tenon {

Conv2D::Conv2D(std::int64_t filters, Pair kernel_size, Conv2DOptions options)
    : Layer(graph::make_layer(
          "Conv2D", graph::ConvolutionSettings<Pair>{std::move(options), filters, kernel_size})) {}
Conv3D::Conv3D(std::int64_t filters, Triple kernel_size, Conv3DOptions options)
    : Layer(graph::make_layer(
          "Conv3D", graph::ConvolutionSettings<Triple>{std::move(options), filters, kernel_size})) {
}

}  // namespace tenon
