#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

struct DenseSettings : DenseOptions {
  std::int64_t units = 1;
};

std::vector<WeightDeclaration> weights(const DenseSettings& settings, const CallContext& call) {
  const std::int64_t in = call.require_size(-1, "the last axis");
  std::vector<WeightDeclaration> weights = {
      {"kernel", {in, settings.units}, settings.kernel_initializer, settings.kernel_regularizer}};
  if (settings.use_bias) {
    weights.push_back(
        {"bias", {settings.units}, settings.bias_initializer, settings.bias_regularizer});
  }
  return weights;
}

TensorSpec output(const DenseSettings& settings, const CallContext& call) {
  if (call.input().rank() < 2) call.refuse("it has no axis to be multiplied", "(batch, …, in)");
  std::vector<Dim> dims = call.input().shape;
  dims.back() = settings.units;
  return output_spec(std::move(dims));
}

ops::ValueId lower(const DenseSettings& settings, LowerContext& context) {
  const ops::ValueId input = context.input();
  Shape shape = context.shape(input);
  const std::int64_t in = shape.dim(-1);
  const ops::ValueId rows = context.reshape(input, {shape.element_count() / in, in});
  const ops::ValueId product = context.apply(
      ops::OpKind::kDense, {}, {rows, context.weight("kernel"), context.weight("bias")});
  shape[static_cast<std::size_t>(shape.rank() - 1)] = settings.units;
  return context.activation(settings.activation, context.reshape(product, shape));
}

}  // namespace

LayerDescriptor dense_descriptor() {
  return LayerDeclaration<DenseSettings>("Dense", "activation(x·kernel + bias) over the last axis.")
      .positional("units", &DenseSettings::units, at_least(1))
      .argument("activation", &DenseSettings::activation, activation_word())
      .argument("use_bias", &DenseSettings::use_bias)
      .argument("kernel_initializer", &DenseSettings::kernel_initializer)
      .argument("bias_initializer", &DenseSettings::bias_initializer)
      .argument("kernel_regularizer", &DenseSettings::kernel_regularizer, at_least(0))
      .argument("bias_regularizer", &DenseSettings::bias_regularizer, at_least(0))
      .older("activity_regularizer", "null")
      .fixed("kernel_constraint", "null")
      .fixed("bias_constraint", "null")
      .older("quantization_config", "null")
      .older("lora_rank", "null")
      .weights(weights)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Dense::Dense(std::int64_t units, DenseOptions options)
    : Layer(graph::make_layer("Dense", graph::DenseSettings{std::move(options), units})) {}

}  // namespace tenon
