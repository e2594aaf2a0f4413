#include <fmt/format.h>

#include "graph/layer_declaration.hpp"

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

ops::ValueId lower(const DropoutSettings& settings, LowerContext& context) {
  if (!context.training() || settings.rate == 0.0) return context.input();
  ops::DropoutAttributes attributes;
  attributes.rate = settings.rate;
  attributes.seed = static_cast<std::uint64_t>(settings.seed.value_or(0));
  attributes.stream = context.next_stream();
  attributes.noise_shape = mask_shape(settings, context.shape(context.input()));
  return context.append(ops::OpKind::kDropout, attributes, {context.input()}).front();
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

}  // namespace tenon::graph

namespace tenon {

Dropout::Dropout(double rate, DropoutOptions options)
    : Layer(graph::make_layer("Dropout", graph::DropoutSettings{std::move(options), rate})) {}

}  // namespace tenon
