#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

TensorSpec output(const NameOptions&, const CallContext& call) {
  Dim product = 1;
  for (int axis = 1; axis < call.input().rank(); ++axis) {
    product = call.product(product, call.dim(axis));
  }
  return output_spec({call.dim(0), product});
}

ops::ValueId lower(const NameOptions&, LowerContext& context) {
  const Shape shape = context.shape(context.input());
  return context.reshape(context.input(), {shape.dim(0), shape.without_batch().element_count()});
}

}  // namespace

LayerDescriptor flatten_descriptor() {
  return LayerDeclaration<NameOptions>("Flatten", "All axes but the batch made one.")
      .fixed("data_format", "\"channels_last\"")
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Flatten::Flatten(NameOptions options) : Layer(graph::make_layer("Flatten", std::move(options))) {}

}  // namespace tenon
