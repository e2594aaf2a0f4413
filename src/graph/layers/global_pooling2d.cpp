#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

TensorSpec output(const GlobalPooling2DOptions& options, const CallContext& call) {
  call.require_rank(4, "(batch, height, width, channels)");
  if (options.keepdims) return output_spec({call.dim(0), 1, 1, call.dim(3)});
  return output_spec({call.dim(0), call.dim(3)});
}

/// Pooling with one window over the whole image.
template <ops::OpKind kind>
ops::ValueId lower(const GlobalPooling2DOptions& options, LowerContext& context) {
  const Shape image = context.shape(context.input());
  ops::PoolingAttributes attributes;
  attributes.window = {image.dim(1), image.dim(2)};
  attributes.strides = attributes.window;
  const ops::ValueId pooled = context.append(kind, attributes, {context.input()}).front();
  return options.keepdims ? pooled : context.reshape(pooled, {image.dim(0), image.dim(3)});
}

template <ops::OpKind kind>
LayerDescriptor pooling_descriptor(const char* class_name, const char* description) {
  return LayerDeclaration<GlobalPooling2DOptions>(class_name, description)
      .fixed("data_format", "\"channels_last\"")
      .argument("keepdims", &GlobalPooling2DOptions::keepdims)
      .output(output)
      .lower(lower<kind>)
      .done();
}

}  // namespace

LayerDescriptor global_average_pooling2d_descriptor() {
  return pooling_descriptor<ops::OpKind::kAveragePooling>(
      "GlobalAveragePooling2D", "The mean of each channel over height and width.");
}
LayerDescriptor global_max_pooling2d_descriptor() {
  return pooling_descriptor<ops::OpKind::kMaxPooling>(
      "GlobalMaxPooling2D", "The largest value of each channel over height and width.");
}

}  // namespace tenon::graph

namespace tenon {

GlobalAveragePooling2D::GlobalAveragePooling2D(GlobalPooling2DOptions options)
    : Layer(graph::make_layer("GlobalAveragePooling2D", std::move(options))) {}
GlobalMaxPooling2D::GlobalMaxPooling2D(GlobalPooling2DOptions options)
    : Layer(graph::make_layer("GlobalMaxPooling2D", std::move(options))) {}

}  // namespace tenon
