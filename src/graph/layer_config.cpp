#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/name_list.hpp"
#include "graph/argument_json.hpp"
#include "graph/config.hpp"
#include "graph/config_error.hpp"
#include "graph/unknown_word.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

/// Arguments of every layer, in Keras 3 and in Keras 2.
bool is_base_argument(const std::string& name) {
  return name == "name" || name == "trainable" || name == "dtype" || name == "batch_input_shape";
}

const Argument* find_argument(const LayerDescriptor& descriptor, const std::string& name) {
  for (const Argument& argument : descriptor.arguments) {
    if (argument.name == name || (!argument.older_name.empty() && argument.older_name == name)) {
      return &argument;
    }
  }
  return nullptr;
}

bool is_dtype_policy(const std::string& word) {
  return word == "float32" || word == "mixed_bfloat16";
}

/// One layer's config while it is read.
struct Reading {
  const LayerDescriptor& descriptor;
  std::string title;  ///< `layer "conv" (Conv2D)`
  std::shared_ptr<void> settings;
  std::string name{};
  bool trainable = true;
  std::string dtype_policy = "float32";
};

void read_fixed(const Reading& reading, const Argument& argument, const Json& value) {
  if (argument.fixed.empty() || value == Json::parse(argument.fixed)) return;
  refuse_config(reading.title,
                fmt::format("the argument {} is {}", quote_key(argument.name), short_text(value)),
                "only " + argument.fixed + " is supported");
}

void read_own(const Reading& reading, const std::string& key, const Json& value) {
  const Argument* argument = find_argument(reading.descriptor, key);
  if (argument == nullptr) {
    std::vector<std::string> known;
    for (const Argument& own : reading.descriptor.arguments) known.push_back(own.name);
    refuse_config(reading.title, fmt::format("it has no argument {}", quote_key(key)),
                  "its arguments: " + list_names(known, known.size()), meant_word(key, known));
  }
  if (!argument->member) {
    read_fixed(reading, *argument, value);
    return;
  }
  const std::string expected =
      read_argument(*argument, value, argument->member(reading.settings.get()));
  if (expected.empty()) return;
  refuse_config(reading.title,
                fmt::format("the argument {} is {}", quote_key(key), short_text(value)), expected);
}

void read_base(Reading& reading, const std::string& key, const Json& value) {
  if (key == "name" && value.is_string()) {
    reading.name = value.get<std::string>();
  } else if (key == "trainable" && value.is_boolean()) {
    reading.trainable = value.get<bool>();
  } else if (key == "dtype" && value.is_null()) {
    return;
  } else if (key == "dtype" && is_dtype_policy(dtype_word(value))) {
    reading.dtype_policy = dtype_word(value);
  } else if (key == "dtype") {
    refuse_config(reading.title, fmt::format("its dtype is {}", short_text(value)),
                  "\"float32\" or \"mixed_bfloat16\"");
  } else if (key == "name" || key == "trainable") {
    refuse_config(reading.title, fmt::format("{} is {}", key, short_text(value)),
                  key == "name" ? "a text" : "true or false");
  }
}

Json nested_or_own_config(const LayerObject& layer) {
  if (layer.nested()) return model_config(*layer.nested())["config"];
  Json config = Json::object();
  const LayerDescriptor& descriptor = layer.descriptor();
  if (descriptor.has_base_arguments) {
    config["name"] = layer.name();
    if (descriptor.writes_trainable) config["trainable"] = layer.trainable();
    config["dtype"] = keras_object("keras", "DTypePolicy", {{"name", layer.dtype_policy()}});
  }
  for (const Argument& argument : descriptor.arguments) {
    if (argument.member) {
      config[argument.name] = argument_json(argument, argument.member(layer.settings()));
    } else if (argument.written) {
      config[argument.name] = Json::parse(argument.fixed);
    }
  }
  if (!descriptor.has_base_arguments) config["name"] = layer.name();
  return config;
}

std::string title_of(const std::string& class_name, const Json& config) {
  const Json name = config.value("name", Json());
  return fmt::format("layer {} ({})",
                     name.is_string() ? quote_key(name.get<std::string>()) : "without a name",
                     visible(class_name));
}

/// InputLayer has a dtype of its own; in Keras 2 it also has other arguments of all layers.
void read_arguments(Reading& reading, const Json& config) {
  for (const auto& [key, value] : config.items()) {
    const bool own = find_argument(reading.descriptor, key) != nullptr;
    if (!own && is_base_argument(key)) {
      read_base(reading, key, value);
    } else {
      read_own(reading, key, value);
    }
  }
}

}  // namespace

Json layer_config(const LayerObject& layer) { return nested_or_own_config(layer); }

std::string layer_config_text(const LayerObject& layer) { return layer_config(layer).dump(); }

std::shared_ptr<LayerObject> layer_from_config(const Json& entry) {
  const std::string class_name = require_text(entry, "class_name", "a layer");
  const Json config = require_object(entry, "config", "a layer of class " + quote_key(class_name));
  if (class_name == "Functional" || class_name == "Sequential" || class_name == "Model") {
    return model_from_config(entry)->as_layer();
  }
  refuse_operator(entry, class_name);
  Reading reading{require_layer(class_name), title_of(class_name, config),
                  require_layer(class_name).make_settings()};
  read_arguments(reading, config);
  auto layer = LayerObject::make(reading.descriptor, std::move(reading.settings),
                                 std::move(reading.name), reading.trainable);
  layer->set_dtype_policy(std::move(reading.dtype_policy));
  return layer;
}

}  // namespace tenon::graph
