#include <fmt/format.h>

#include "graph/layer_declaration.hpp"
#include "graph/sliding_window.hpp"

namespace tenon::graph {
namespace {

struct DropoutSettings : DropoutOptions {
  double rate = 0.5;
};

std::string conflict(const DropoutSettings& settings) {
  for (const std::int64_t size : settings.noise_shape) {
    if (size < 1 && size != -1) return fmt::format("noise_shape holds {}", size);
  }
  return {};
}

TensorSpec output(const DropoutSettings& settings, const CallContext& call) {
  const auto& noise = settings.noise_shape;
  if (!noise.empty() && noise.size() != call.input().shape.size()) {
    call.refuse(fmt::format("noise_shape has {} axes", noise.size()),
                "as many axes as the input, the batch axis among them");
  }
  for (std::size_t axis = 0; axis < noise.size(); ++axis) {
    if (noise[axis] > 1 && !call.input().shape[axis].fits(noise[axis])) {
      call.refuse(fmt::format("noise_shape has {} on axis {}", noise[axis], axis),
                  "on each axis 1, or the input's size");
    }
  }
  return same_spec(call.input());
}

Shape mask_shape(const DropoutSettings& settings, const Shape& shape) {
  std::vector<std::int64_t> dims = settings.noise_shape;
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == -1) dims[axis] = shape[axis];
  }
  return Shape(std::move(dims));
}

ops::ValueId drop(LowerContext& context, double rate, std::optional<std::int64_t> seed,
                  Shape noise_shape) {
  if (!context.training() || rate == 0.0) return context.input();
  ops::DropoutAttributes attributes;
  attributes.rate = rate;
  attributes.seed = static_cast<std::uint64_t>(seed.value_or(0));
  attributes.stream = context.next_stream();
  attributes.noise_shape = std::move(noise_shape);
  return context.append(ops::OpKind::kDropout, attributes, {context.input()}).front();
}

ops::ValueId lower(const DropoutSettings& settings, LowerContext& context) {
  return drop(context, settings.rate, settings.seed,
              mask_shape(settings, context.shape(context.input())));
}

struct SpatialDropoutSettings : SpatialDropoutOptions {
  double rate = 0.5;
};

template <std::size_t kAxes>
TensorSpec spatial_output(const SpatialDropoutSettings& /*settings*/, const CallContext& call) {
  require_image(call, kAxes);
  return same_spec(call.input());
}

/// One draw for all pixels of a channel.
ops::ValueId lower(const SpatialDropoutSettings& settings, LowerContext& context) {
  Shape noise = context.shape(context.input());
  for (std::size_t axis = 1; axis + 1 < noise.dims().size(); ++axis) noise[axis] = 1;
  return drop(context, settings.rate, settings.seed, std::move(noise));
}

template <std::size_t kAxes>
LayerDescriptor spatial_dropout_descriptor(const char* class_name) {
  return LayerDeclaration<SpatialDropoutSettings>(
             class_name, "Zeros a share of the channels in training, each as a whole.")
      .without_trainable()
      .positional("rate", &SpatialDropoutSettings::rate, at_least_and_below(0, 1))
      .argument("seed", &SpatialDropoutSettings::seed)
      .fixed("data_format", "\"channels_last\"")
      .output(spatial_output<kAxes>)
      .lower(lower)
      .done();
}

}  // namespace

LayerDescriptor dropout_descriptor() {
  return LayerDeclaration<DropoutSettings>("Dropout", "Zeros a share of the values in training.")
      .positional("rate", &DropoutSettings::rate, at_least_and_below(0, 1))
      .argument("seed", &DropoutSettings::seed)
      .argument("noise_shape", &DropoutSettings::noise_shape)
      .of_dims()
      .conflict(conflict)
      .output(output)
      .lower(lower)
      .done();
}

LayerDescriptor spatial_dropout2d_descriptor() {
  return spatial_dropout_descriptor<2>("SpatialDropout2D");
}
LayerDescriptor spatial_dropout3d_descriptor() {
  return spatial_dropout_descriptor<3>("SpatialDropout3D");
}

}  // namespace tenon::graph

namespace tenon {

Dropout::Dropout(double rate, DropoutOptions options)
    : Layer(graph::make_layer("Dropout", graph::DropoutSettings{std::move(options), rate})) {}
SpatialDropout2D::SpatialDropout2D(double rate, SpatialDropoutOptions options)
    : Layer(graph::make_layer("SpatialDropout2D",
                              graph::SpatialDropoutSettings{std::move(options), rate})) {}
SpatialDropout3D::SpatialDropout3D(double rate, SpatialDropoutOptions options)
    : Layer(graph::make_layer("SpatialDropout3D",
                              graph::SpatialDropoutSettings{std::move(options), rate})) {}

}  // namespace tenon
