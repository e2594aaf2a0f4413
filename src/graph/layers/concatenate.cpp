#include <fmt/format.h>

#include "graph/layer_declaration.hpp"

namespace tenon::graph {
namespace {

TensorSpec output(const ConcatenateOptions& options, const CallContext& call) {
  const int axis = call.require_axis(options.axis);
  if (axis == 0) call.refuse("axis is the batch axis", "an axis from 1, or from the end");
  std::vector<Dim> dims = call.input().shape;
  for (std::size_t index = 1; index < call.input_count(); ++index) {
    const TensorSpec& other = call.input(index);
    if (other.rank() != call.input().rank()) call.refuse("the inputs have different ranks");
    for (int i = 1; i < other.rank(); ++i) {
      const Dim theirs = call.dim(i, index);
      Dim& ours = dims[static_cast<std::size_t>(i)];
      if (i == axis) {
        ours = call.sum(ours, theirs);
      } else if (!ours.fits(theirs)) {
        call.refuse(fmt::format("axis {} differs", i),
                    fmt::format("equal sizes on all axes but axis {}, which is joined", axis),
                    "make the sizes equal, or flatten the inputs first");
      } else if (!ours.known()) {
        ours = theirs;
      }
    }
  }
  return output_spec(std::move(dims));
}

ops::ValueId lower(const ConcatenateOptions& options, LowerContext& context) {
  if (context.inputs().size() == 1) return context.input();
  const int rank = context.shape(context.input()).rank();
  const int axis = options.axis < 0 ? options.axis + rank : options.axis;
  return context.apply(ops::OpKind::kConcatenate, ops::AxisAttributes{axis}, context.inputs());
}

}  // namespace

LayerDescriptor concatenate_descriptor() {
  return LayerDeclaration<ConcatenateOptions>("Concatenate", "The inputs joined along an axis.")
      .argument("axis", &ConcatenateOptions::axis)
      .inputs(1, kAnyNumber)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

Concatenate::Concatenate(ConcatenateOptions options)
    : Layer(graph::make_layer("Concatenate", std::move(options))) {}

}  // namespace tenon
