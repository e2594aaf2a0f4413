#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

struct Pooling2DSettings : Pooling2DOptions {
  Pair pool_size = 2;
};

SlidingWindow window_of(const Pooling2DSettings& settings) {
  return {settings.pool_size, *settings.strides, 1, settings.padding};
}

void settle(Pooling2DSettings& settings) {
  if (!settings.strides) settings.strides = settings.pool_size;
}

TensorSpec output(const Pooling2DSettings& settings, const CallContext& call) {
  call.require_rank(4, "(batch, height, width, channels)");
  return slide(call, window_of(settings), call.dim(3));
}

template <ops::OpKind kind>
ops::ValueId lower(const Pooling2DSettings& settings, LowerContext& context) {
  const WindowPadding padding = padding_of(window_of(settings), context.shape(context.input()));
  ops::PoolingAttributes attributes;
  attributes.window = {settings.pool_size.height, settings.pool_size.width};
  attributes.strides = {settings.strides->height, settings.strides->width};
  attributes.pad_before = padding.before;
  attributes.pad_after = padding.after;
  return context.append(kind, attributes, {context.input()}).front();
}

template <ops::OpKind kind>
LayerDescriptor pooling_descriptor(const char* class_name, const char* description) {
  return LayerDeclaration<Pooling2DSettings>(class_name, description)
      .positional("pool_size", &Pooling2DSettings::pool_size, at_least(1))
      .argument("padding", &Pooling2DSettings::padding, one_of({"valid", "same"}))
      .argument("strides", &Pooling2DSettings::strides, at_least(1))
      .fixed("data_format", "\"channels_last\"")
      .settle(settle)
      .output(output)
      .lower(lower<kind>)
      .done();
}

}  // namespace

LayerDescriptor max_pooling2d_descriptor() {
  return pooling_descriptor<ops::OpKind::kMaxPooling2D>("MaxPooling2D",
                                                        "The largest value of each window.");
}
LayerDescriptor average_pooling2d_descriptor() {
  return pooling_descriptor<ops::OpKind::kAveragePooling2D>(
      "AveragePooling2D", "The mean of each window; padding does not count.");
}

}  // namespace tenon::graph

namespace tenon {

MaxPooling2D::MaxPooling2D(Pair pool_size, Pooling2DOptions options)
    : Layer(graph::make_layer("MaxPooling2D",
                              graph::Pooling2DSettings{std::move(options), pool_size})) {}
AveragePooling2D::AveragePooling2D(Pair pool_size, Pooling2DOptions options)
    : Layer(graph::make_layer("AveragePooling2D",
                              graph::Pooling2DSettings{std::move(options), pool_size})) {}

}  // namespace tenon
