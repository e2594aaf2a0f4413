#include "tenon/model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "graph/call_context.hpp"
#include "graph/config.hpp"
#include "graph/draw_weights.hpp"
#include "graph/model_object.hpp"
#include "graph/summary.hpp"
#include "graph/unknown_word.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

std::vector<Port> ports_of(const std::vector<SymbolicTensor>& tensors,
                           const std::vector<std::string>& keys) {
  std::vector<Port> ports;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ports.push_back({keys.empty() ? tensors[i].name() : keys[i], tensors[i].spec()});
  }
  return ports;
}

/// True if every layer that sees `input` first brings values to scale.
bool rescales(const graph::ModelObject& model, const SymbolicTensor& input) {
  bool any = false;
  for (const auto& node : model.nodes) {
    const bool sees =
        std::find(node->inputs.begin(), node->inputs.end(), input) != node->inputs.end();
    if (!sees) continue;
    const std::string& layer = node->layer->class_name();
    if (layer != "Rescaling" && layer != "BatchNormalization") return false;
    any = true;
  }
  return any;
}

}  // namespace

Tensors::Tensors(std::initializer_list<std::pair<const char*, SymbolicTensor>> map) {
  for (const auto& [name, tensor] : map) {
    names_.emplace_back(name);
    list_.push_back(tensor);
  }
}

Tensors::Tensors(std::vector<std::pair<std::string, SymbolicTensor>> map) {
  for (auto& [name, tensor] : map) {
    names_.push_back(std::move(name));
    list_.push_back(std::move(tensor));
  }
}

Model::Model() : trainer_(std::make_shared<std::shared_ptr<train::Trainer>>()) {}

Model::Model(std::shared_ptr<graph::ModelObject> object) : Model() { object_ = std::move(object); }

Model::Model(Tensors inputs, Tensors outputs, ModelOptions options, SourceLocation location)
    : Model(graph::build_model(inputs, outputs, std::move(options.name), false, location)) {}

SymbolicTensor Model::operator()(const SymbolicTensor& input, SourceLocation location) const {
  const auto layer = object_->as_layer();
  if (object_->outputs.size() != 1) {
    throw ModelError(make_diagnostic(
        "M001",
        fmt::format("model {} has {} outputs, and is called where one is expected{}",
                    quote_key(name()), object_->outputs.size(), graph::place_of(location)),
        {}, "call it on a list of inputs; it then gives a list of outputs"));
  }
  return {layer->call({input}, false, location), 0};
}

std::vector<SymbolicTensor> Model::operator()(const std::vector<SymbolicTensor>& inputs,
                                              SourceLocation location) const {
  const auto call = object_->as_layer()->call(inputs, true, location);
  std::vector<SymbolicTensor> outputs;
  for (std::size_t i = 0; i < call->outputs.size(); ++i) {
    outputs.emplace_back(call, static_cast<int>(i));
  }
  return outputs;
}

const std::string& Model::name() const noexcept { return object_->name; }

std::vector<Port> Model::inputs() const {
  std::vector<Port> ports = ports_of(object_->inputs, object_->input_keys);
  for (std::size_t i = 0; i < ports.size(); ++i)
    ports[i].rescaled = rescales(*object_, object_->inputs[i]);
  return ports;
}
std::vector<Port> Model::outputs() const {
  return ports_of(object_->outputs, object_->output_keys);
}

std::vector<Layer> Model::layers() const {
  std::vector<Layer> layers;
  for (const auto& layer : object_->layers) {
    if (!object_->sequential || !layer->is_input()) layers.emplace_back(layer);
  }
  return layers;
}

Layer Model::get_layer(const std::string& layer_name) const {
  std::vector<std::string> names;
  for (const auto& layer : object_->layers) {
    if (layer->name() == layer_name) return Layer(layer);
    names.push_back(layer->name());
  }
  throw ModelError(make_diagnostic(
      "M001",
      fmt::format("model {} has no layer called {}", quote_key(name()), quote_key(layer_name)),
      {"its layers: " + list_names(names)}, graph::meant_word(layer_name, names)));
}

std::vector<std::shared_ptr<Variable>> Model::weights() const { return object_->weights(); }

std::vector<std::shared_ptr<Variable>> Model::trainable_weights() const {
  return object_->trainable_weights();
}

std::int64_t Model::count_params() const {
  std::int64_t count = 0;
  for (const auto& weight : weights()) count += weight->shape().element_count();
  return count;
}

void Model::initialize(std::uint64_t seed) {
  for (const auto& weight : weights()) {
    weight->assign(
        graph::draw_weights(weight->initializer(), weight->shape(), seed, weight->path()));
  }
}

std::string Model::summary(SummaryOptions options) const {
  return graph::summary(*object_, options);
}

std::string Model::to_json() const { return graph::model_config_text(*object_); }

Model Model::from_json(const std::string& json) { return Model(graph::model_from_text(json)); }

}  // namespace tenon
