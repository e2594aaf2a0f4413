#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graph/argument_json.hpp"
#include "graph/config.hpp"

namespace tenon::graph {
namespace {

Json shape_json(const TensorSpec& spec) {
  Json shape = Json::array();
  for (const Dim& dim : spec.shape) shape.push_back(dim.known() ? Json(dim.size()) : Json());
  return shape;
}

/// Of a call's input, or of a model's end: [layer, place of the call, place of the output].
Json history_json(const ModelObject& model, const SymbolicTensor& tensor) {
  return Json::array({tensor.name(), model.node_index(*tensor.call()), tensor.tensor_index()});
}

Json tensor_json(const ModelObject& model, const SymbolicTensor& tensor) {
  return {{"class_name", "__keras_tensor__"},
          {"config",
           {{"shape", shape_json(tensor.spec())},
            {"dtype", std::string(name_of(tensor.spec().dtype))},
            {"keras_history", history_json(model, tensor)}}}};
}

Json inbound_node(const ModelObject& model, const CallNode& call) {
  Json tensors = Json::array();
  for (const SymbolicTensor& input : call.inputs) tensors.push_back(tensor_json(model, input));
  Json arguments = tensors;
  if (call.inputs_as_list) arguments = Json::array({std::move(tensors)});
  return {{"args", std::move(arguments)}, {"kwargs", Json::object()}};
}

Json inbound_nodes(const ModelObject& model, const LayerObject& layer) {
  Json nodes = Json::array();
  if (layer.is_input()) return nodes;
  for (const CallNode* call : model.calls_of(layer)) nodes.push_back(inbound_node(model, *call));
  return nodes;
}

Json layer_entry(const LayerObject& layer) {
  if (layer.nested()) return model_config(*layer.nested());
  Json entry = keras_object("keras.layers", layer.class_name(), layer_config(layer));
  if (!layer.weights().empty()) {
    entry["build_config"] = {{"input_shape", shape_json(layer.build_inputs().front())}};
  }
  return entry;
}

Json ends_json(const ModelObject& model, const std::vector<SymbolicTensor>& ends,
               const std::vector<std::string>& keys, Structure structure) {
  if (structure == Structure::kSingle) return history_json(model, ends.front());
  Json json = structure == Structure::kMap ? Json::object() : Json::array();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (structure == Structure::kMap) {
      json[keys[i]] = history_json(model, ends[i]);
    } else {
      json.push_back(history_json(model, ends[i]));
    }
  }
  return json;
}

Json functional_config(const ModelObject& model) {
  Json layers = Json::array();
  for (const auto& layer : model.layers) {
    Json entry = layer_entry(*layer);
    entry["name"] = layer->name();
    entry["inbound_nodes"] = inbound_nodes(model, *layer);
    layers.push_back(std::move(entry));
  }
  Json config = {{"name", model.name}, {"trainable", true}};
  config["layers"] = std::move(layers);
  config["input_layers"] = ends_json(model, model.inputs, model.input_keys, model.input_structure);
  config["output_layers"] =
      ends_json(model, model.outputs, model.output_keys, model.output_structure);
  Json json = keras_object("keras.src.models.functional", "Functional", std::move(config));
  json["registered_name"] = "Functional";
  json["build_config"] = {{"input_shape", nullptr}};
  return json;
}

Json sequential_config(const ModelObject& model) {
  Json layers = Json::array();
  for (const auto& layer : model.layers) layers.push_back(layer_entry(*layer));
  const Json input_shape = shape_json(model.inputs.front().spec());
  Json config = {{"name", model.name},
                 {"trainable", true},
                 {"dtype", keras_object("keras", "DTypePolicy", {{"name", model.dtype_policy()}})}};
  config["layers"] = std::move(layers);
  config["build_input_shape"] = input_shape;
  Json json = keras_object("keras", "Sequential", std::move(config));
  json["build_config"] = {{"input_shape", input_shape}};
  return json;
}

}  // namespace

Json model_config(const ModelObject& model) {
  return model.sequential ? sequential_config(model) : functional_config(model);
}

std::string model_config_text(const ModelObject& model) { return model_config(model).dump(); }

}  // namespace tenon::graph
