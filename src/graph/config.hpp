#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "graph/model_object.hpp"

namespace tenon::graph {

/// Keys keep their order.
using Json = nlohmann::ordered_json;

/// The object under "config" of a layer (Keras 3).
Json layer_config(const LayerObject& layer);
/// Makes a layer from an object with "class_name" and "config"; a nested model too.
/// Throws FormatError (F001, M001) that names the layer and the argument.
std::shared_ptr<LayerObject> layer_from_config(const Json& entry);

/// Keras's config.json of a model without its compile_config.
Json model_config(const ModelObject& model);
/// Reads what model_config writes, what Keras 3 writes, and the inbound nodes of Keras 2. Other
/// keys ("compile_config", "registered_name", "module" of layers) are not looked at.
/// Throws FormatError (F001, M001).
std::shared_ptr<ModelObject> model_from_config(const Json& config);

std::string layer_config_text(const LayerObject& layer);
std::string model_config_text(const ModelObject& model);
std::shared_ptr<ModelObject> model_from_text(const std::string& text);

}  // namespace tenon::graph
