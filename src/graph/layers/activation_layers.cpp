#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

template <class Options>
TensorSpec output(const Options&, const CallContext& call) {
  return same_spec(call.input());
}

ops::ValueId lower_relu(const ReLUOptions& options, LowerContext& context) {
  ops::ActivationAttributes attributes;
  attributes.kind = ops::ActivationKind::kRelu;
  attributes.beta = static_cast<float>(options.negative_slope);
  attributes.threshold = static_cast<float>(options.threshold);
  attributes.has_max_value = options.max_value.has_value();
  attributes.max_value = static_cast<float>(options.max_value.value_or(0.0));
  return context.apply(ops::OpKind::kActivation, attributes, {context.input()});
}

ops::ValueId lower_leaky_relu(const LeakyReLUOptions& options, LowerContext& context) {
  ops::ActivationAttributes attributes;
  attributes.kind = ops::ActivationKind::kLeakyRelu;
  attributes.beta = static_cast<float>(options.negative_slope);
  return context.apply(ops::OpKind::kActivation, attributes, {context.input()});
}

ops::ValueId lower_elu(const ELUOptions& options, LowerContext& context) {
  ops::ActivationAttributes attributes;
  attributes.kind = ops::ActivationKind::kElu;
  attributes.alpha = static_cast<float>(options.alpha);
  return context.apply(ops::OpKind::kActivation, attributes, {context.input()});
}

TensorSpec softmax_output(const SoftmaxOptions& options, const CallContext& call) {
  if (call.require_axis(options.axis) == 0) {
    call.refuse("axis is the batch axis", "an axis from 1, or from the end");
  }
  return same_spec(call.input());
}

ops::ValueId lower_softmax(const SoftmaxOptions& options, LowerContext& context) {
  const int rank = context.shape(context.input()).rank();
  const int axis = options.axis < 0 ? options.axis + rank : options.axis;
  return context.apply(ops::OpKind::kSoftmax, ops::AxisAttributes{axis}, {context.input()});
}

}  // namespace

LayerDescriptor re_lu_descriptor() {
  return LayerDeclaration<ReLUOptions>("ReLU", "0 below the threshold, x above it.")
      .argument("max_value", &ReLUOptions::max_value, at_least(0))
      .argument("negative_slope", &ReLUOptions::negative_slope, at_least(0))
      .argument("threshold", &ReLUOptions::threshold, at_least(0))
      .output(output<ReLUOptions>)
      .lower(lower_relu)
      .done();
}

LayerDescriptor leaky_re_lu_descriptor() {
  return LayerDeclaration<LeakyReLUOptions>("LeakyReLU", "x, times the slope where it is negative.")
      .argument("negative_slope", &LeakyReLUOptions::negative_slope, at_least(0))
      .once_called("alpha")
      .output(output<LeakyReLUOptions>)
      .lower(lower_leaky_relu)
      .done();
}

LayerDescriptor elu_descriptor() {
  return LayerDeclaration<ELUOptions>("ELU", "x, or alpha·(exp(x) − 1) where it is negative.")
      .argument("alpha", &ELUOptions::alpha, finite())
      .output(output<ELUOptions>)
      .lower(lower_elu)
      .done();
}

LayerDescriptor softmax_descriptor() {
  return LayerDeclaration<SoftmaxOptions>("Softmax", "Probabilities along an axis.")
      .argument("axis", &SoftmaxOptions::axis)
      .output(softmax_output)
      .lower(lower_softmax)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

ReLU::ReLU(ReLUOptions options) : Layer(graph::make_layer("ReLU", std::move(options))) {}
LeakyReLU::LeakyReLU(LeakyReLUOptions options)
    : Layer(graph::make_layer("LeakyReLU", std::move(options))) {}
ELU::ELU(ELUOptions options) : Layer(graph::make_layer("ELU", std::move(options))) {}
Softmax::Softmax(SoftmaxOptions options)
    : Layer(graph::make_layer("Softmax", std::move(options))) {}

}  // namespace tenon
