#include "graph/input_layer.hpp"

#include "graph/layer_declaration.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

std::string conflict(const InputSettings& settings) {
  for (std::size_t axis = 1; axis < settings.batch_shape.size(); ++axis) {
    const Dim& dim = settings.batch_shape[axis];
    if (dim.known() && dim.size() < 1) return "shape holds " + dim.to_string();
  }
  const std::size_t rank = settings.batch_shape.size();
  if (rank == 0) return "batch_shape has no batch axis";
  if (!settings.axes.empty() && settings.axes.size() + 1 != rank) {
    return "axes \"" + settings.axes + "\" has not one letter per axis of the shape";
  }
  if (settings.dtype == DType::kString) return "dtype is string";
  return {};
}

std::string default_axes(std::size_t rank) {
  if (rank == 3) return "HWC";
  if (rank == 4) return "DHWC";
  return std::string(rank, '?');
}

void settle(InputSettings& settings) {
  if (settings.axes.empty()) settings.axes = default_axes(settings.batch_shape.size() - 1);
}

TensorSpec output(const InputSettings& settings, const CallContext&) {
  return TensorSpec(settings.dtype, {settings.batch_shape.begin() + 1, settings.batch_shape.end()},
                    settings.axes)
      .with_batch();
}

ops::ValueId lower(const InputSettings&, LowerContext& context) { return context.input(); }

}  // namespace

LayerDescriptor input_layer_descriptor() {
  return LayerDeclaration<InputSettings>("InputLayer", "A named input of a model.")
      .positional("batch_shape", &InputSettings::batch_shape)
      .once_called("batch_input_shape")
      .argument("dtype", &InputSettings::dtype)
      .fixed("sparse", "false")
      .fixed("ragged", "false")
      .fixed("optional", "false")
      .inputs(0, 0)
      .without_base_arguments()
      .conflict(conflict)
      .settle(settle)
      .output(output)
      .lower(lower)
      .done();
}

}  // namespace tenon::graph

namespace tenon {

SymbolicTensor Input(std::vector<Dim> shape, InputOptions options, SourceLocation location) {
  graph::InputSettings settings;
  settings.batch_shape = {Dim::unknown()};
  settings.batch_shape.insert(settings.batch_shape.end(), shape.begin(), shape.end());
  settings.dtype = options.dtype;
  settings.axes = std::move(options.axes);
  settings.name = std::move(options.name);
  const auto layer = graph::make_layer("InputLayer", std::move(settings));
  return {layer->call({}, false, location), 0};
}

}  // namespace tenon
