#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

template <std::size_t kAxes>
TensorSpec output(const GlobalPoolingOptions& options, const CallContext& call) {
  require_image(call, kAxes);
  std::vector<Dim> dims = {call.dim(0)};
  if (options.keepdims) dims.insert(dims.end(), kAxes, Dim(1));
  dims.push_back(call.dim(-1));
  return output_spec(std::move(dims));
}

/// Pooling with one window over the whole image.
template <std::size_t kAxes, ops::OpKind kind>
ops::ValueId lower(const GlobalPoolingOptions& options, LowerContext& context) {
  const Shape image = context.shape(context.input());
  ops::PoolingAttributes attributes;
  attributes.window.assign(image.begin() + 1, image.end() - 1);
  attributes.strides = attributes.window;
  attributes.pad_before.assign(kAxes, 0);
  attributes.pad_after.assign(kAxes, 0);
  const ops::ValueId pooled = context.append(kind, attributes, {context.input()}).front();
  return options.keepdims ? pooled : context.reshape(pooled, {image.dim(0), image.dim(-1)});
}

template <std::size_t kAxes, ops::OpKind kind>
LayerDescriptor global_pooling_descriptor(const char* class_name, const char* description) {
  return LayerDeclaration<GlobalPoolingOptions>(class_name, description)
      .fixed("data_format", "\"channels_last\"")
      .argument("keepdims", &GlobalPoolingOptions::keepdims)
      .output(output<kAxes>)
      .lower(lower<kAxes, kind>)
      .done();
}

}  // namespace

LayerDescriptor global_average_pooling2d_descriptor() {
  return global_pooling_descriptor<2, ops::OpKind::kAveragePooling>(
      "GlobalAveragePooling2D", "The mean of each channel over height and width.");
}
LayerDescriptor global_average_pooling3d_descriptor() {
  return global_pooling_descriptor<3, ops::OpKind::kAveragePooling>(
      "GlobalAveragePooling3D", "The mean of each channel over depth, height and width.");
}
LayerDescriptor global_max_pooling2d_descriptor() {
  return global_pooling_descriptor<2, ops::OpKind::kMaxPooling>(
      "GlobalMaxPooling2D", "The largest value of each channel over height and width.");
}
LayerDescriptor global_max_pooling3d_descriptor() {
  return global_pooling_descriptor<3, ops::OpKind::kMaxPooling>(
      "GlobalMaxPooling3D", "The largest value of each channel over depth, height and width.");
}

}  // namespace tenon::graph

namespace tenon {

GlobalAveragePooling2D::GlobalAveragePooling2D(GlobalPoolingOptions options)
    : Layer(graph::make_layer("GlobalAveragePooling2D", std::move(options))) {}
GlobalAveragePooling3D::GlobalAveragePooling3D(GlobalPoolingOptions options)
    : Layer(graph::make_layer("GlobalAveragePooling3D", std::move(options))) {}
GlobalMaxPooling2D::GlobalMaxPooling2D(GlobalPoolingOptions options)
    : Layer(graph::make_layer("GlobalMaxPooling2D", std::move(options))) {}
GlobalMaxPooling3D::GlobalMaxPooling3D(GlobalPoolingOptions options)
    : Layer(graph::make_layer("GlobalMaxPooling3D", std::move(options))) {}

}  // namespace tenon
