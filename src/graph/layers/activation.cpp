#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

struct ActivationSettings : NameOptions {
  std::string activation = "linear";
};

TensorSpec output(const ActivationSettings&, const CallContext& call) {
  return same_spec(call.input());
}

ops::ValueId lower(const ActivationSettings& settings, LowerContext& context) {
  return context.activation(settings.activation, context.input());
}

}  // namespace

LayerDescriptor activation_descriptor() {
  return LayerDeclaration<ActivationSettings>("Activation", "An activation by Keras's word.")
      .positional("activation", &ActivationSettings::activation, activation_word())
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Activation::Activation(std::string activation, NameOptions options)
    : Layer(graph::make_layer(
          "Activation", graph::ActivationSettings{std::move(options), std::move(activation)})) {}

}  // namespace tenon
