#include <fmt/format.h>

#include <algorithm>

#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

struct ReshapeSettings : NameOptions {
  std::vector<std::int64_t> target_shape;
};

std::string conflict(const ReshapeSettings& settings) {
  const auto& target = settings.target_shape;
  if (std::count(target.begin(), target.end(), -1) > 1) {
    return "target_shape has more than one -1; only one axis can be worked out";
  }
  for (const std::int64_t size : target) {
    if (size < 1 && size != -1) return fmt::format("target_shape holds {}", size);
  }
  return {};
}

/// The product of all sizes that are given.
Dim given_product(const ReshapeSettings& settings, const CallContext& call) {
  Dim product = 1;
  for (const std::int64_t size : settings.target_shape) {
    if (size != -1) product = call.product(product, size);
  }
  return product;
}

Dim elements_of(const CallContext& call) {
  Dim product = 1;
  for (int axis = 1; axis < call.input().rank(); ++axis) {
    product = call.product(product, call.dim(axis));
  }
  return product;
}

TensorSpec output(const ReshapeSettings& settings, const CallContext& call) {
  const Dim elements = elements_of(call);
  const std::int64_t fixed = given_product(settings, call).size();
  const auto& target = settings.target_shape;
  const bool open = std::count(target.begin(), target.end(), -1) > 0;
  if (elements.known() && (open ? elements.size() % fixed != 0 : elements.size() != fixed)) {
    call.refuse(fmt::format("it has {} elements per sample, and target_shape ({}) {} {}",
                            elements.size(), fmt::join(target, ", "),
                            open ? "needs a multiple of" : "has", fixed));
  }
  std::vector<Dim> dims = {call.dim(0)};
  for (const std::int64_t size : target) {
    const Dim worked_out = elements.known() ? Dim(elements.size() / fixed) : Dim();
    dims.push_back(size == -1 ? worked_out : Dim(size));
  }
  return output_spec(std::move(dims));
}

ops::ValueId lower(const ReshapeSettings& settings, LowerContext& context) {
  const Shape shape = context.shape(context.input());
  std::int64_t fixed = 1;
  for (const std::int64_t size : settings.target_shape) fixed *= size == -1 ? 1 : size;
  std::vector<std::int64_t> dims = {shape.dim(0)};
  for (const std::int64_t size : settings.target_shape) {
    dims.push_back(size == -1 ? shape.without_batch().element_count() / fixed : size);
  }
  return context.reshape(context.input(), Shape(std::move(dims)));
}

}  // namespace

LayerDescriptor reshape_descriptor() {
  return LayerDeclaration<ReshapeSettings>("Reshape", "The same elements under another shape.")
      .positional("target_shape", &ReshapeSettings::target_shape)
      .conflict(conflict)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Reshape::Reshape(std::vector<std::int64_t> target_shape, NameOptions options)
    : Layer(graph::make_layer(
          "Reshape", graph::ReshapeSettings{std::move(options), std::move(target_shape)})) {}

}  // namespace tenon
