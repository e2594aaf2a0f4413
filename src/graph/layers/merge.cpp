#include <fmt/format.h>

#include <algorithm>

#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

Dim broadcast(const CallContext& call, int axis, const Dim& a, const Dim& b) {
  if (a == Dim(1)) return b;
  if (b == Dim(1)) return a;
  if (!a.fits(b)) {
    call.refuse(fmt::format("axis {} differs", axis),
                "on each axis, the inputs have equal sizes, or one has size 1");
  }
  return a.known() ? a : b;
}

TensorSpec output(const NameOptions&, const CallContext& call) {
  std::vector<Dim> dims = call.input().shape;
  for (std::size_t index = 1; index < call.input_count(); ++index) {
    if (call.input(index).rank() != call.input().rank()) {
      call.refuse("the inputs have different ranks");
    }
    for (int axis = 1; axis < call.input().rank(); ++axis) {
      Dim& dim = dims[static_cast<std::size_t>(axis)];
      dim = broadcast(call, axis, dim, call.dim(axis, index));
    }
  }
  return output_spec(std::move(dims));
}

bool all_of_one_shape(const LowerContext& context) {
  return std::all_of(context.inputs().begin(), context.inputs().end(), [&](ops::ValueId value) {
    return context.shape(value) == context.shape(context.input());
  });
}

template <ops::OpKind kind>
ops::ValueId lower(const NameOptions&, LowerContext& context) {
  if (kind == ops::OpKind::kAdd && context.inputs().size() > 2 && all_of_one_shape(context)) {
    return context.apply(ops::OpKind::kAddN, {}, context.inputs());
  }
  ops::ValueId merged = context.input();
  for (std::size_t index = 1; index < context.inputs().size(); ++index) {
    merged = context.apply(kind, {}, {merged, context.input(index)});
  }
  return merged;
}

template <ops::OpKind kind>
LayerDescriptor merge_descriptor(const char* class_name, const char* description) {
  return LayerDeclaration<NameOptions>(class_name, description)
      .inputs(1, kAnyNumber)
      .output(output)
      .lower(lower<kind>)
      .done();
}

}  // namespace

LayerDescriptor add_descriptor() {
  return merge_descriptor<ops::OpKind::kAdd>("Add", "The sum of the inputs, element by element.");
}
LayerDescriptor multiply_descriptor() {
  return merge_descriptor<ops::OpKind::kMultiply>("Multiply",
                                                  "The product of the inputs, element by element.");
}

}  // namespace tenon::graph

namespace tenon {

Add::Add(NameOptions options) : Layer(graph::make_layer("Add", std::move(options))) {}
Multiply::Multiply(NameOptions options)
    : Layer(graph::make_layer("Multiply", std::move(options))) {}

}  // namespace tenon
