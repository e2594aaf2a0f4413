#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/name_list.hpp"
#include "graph/argument_json.hpp"
#include "graph/config.hpp"
#include "graph/config_error.hpp"
#include "graph/inbound_nodes.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

constexpr std::size_t kMostCalls = 10'000;  // of one model
constexpr int kDeepestText = 256;           // brackets within brackets

/// Layers and calls of a functional model while it is read.
class FunctionalReader {
 public:
  explicit FunctionalReader(const Json& config) {
    for (const Json& entry : require_list(config, "layers", "the model")) add_layer(entry);
    make_calls();
  }

  /// A single tensor, a list, or a map; those of a list of one stay a list.
  Tensors ends(const Json& config, const char* key) const {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_structured() || found->empty()) {
      refuse_config("the model", fmt::format("its entry {} is missing or empty", quote_key(key)));
    }
    if (found->is_object()) {
      std::vector<std::pair<std::string, SymbolicTensor>> map;
      for (const auto& [name, tensor] : found->items()) map.emplace_back(name, end(tensor, key));
      return map;
    }
    if (found->front().is_string()) return end(*found, key);
    std::vector<SymbolicTensor> list;
    for (const Json& tensor : *found) list.push_back(end(tensor, key));
    return list;
  }

 private:
  struct Entry {
    std::shared_ptr<LayerObject> layer;
    std::vector<InboundNode> calls;
    std::size_t done = 0;
  };

  void add_layer(const Json& json) {
    Entry entry{layer_from_config(json), {}};
    const std::string& name = entry.layer->name();
    const std::string where = "layer " + quote_key(name);
    if (const auto own = json.find("name"); own != json.end() && *own != name) {
      refuse_config(where, "its entry is called " + short_text(*own), "the name of its config");
    }
    if (!names_.insert(name).second) refuse_config(where, "there are two layers of that name");
    entry.calls = read_inbound_nodes(require_list(json, "inbound_nodes", where), where);
    call_count_ += entry.calls.size();
    if (call_count_ > kMostCalls) {
      refuse_config("the model", "it has too many layers", fmt::format("at most {}", kMostCalls));
    }
    if (entry.layer->is_input()) entry.calls = {InboundNode{}};
    entries_.push_back(std::move(entry));
  }

  /// Files list a shared layer before what some of its calls need, so calls wait for their inputs.
  void make_calls() {
    bool progress = true;
    bool waiting = true;
    while (progress && waiting) {
      progress = false;
      waiting = false;
      for (Entry& entry : entries_) {
        while (entry.done < entry.calls.size() && make_call(entry)) progress = true;
        waiting = waiting || entry.done < entry.calls.size();
      }
    }
    if (!waiting) return;
    std::vector<std::string> stuck;
    for (const Entry& entry : entries_) {
      if (entry.done < entry.calls.size()) stuck.push_back(entry.layer->name());
    }
    refuse_config("the model",
                  "these layers wait for a tensor that is not there, or for each other: " +
                      list_names(stuck));
  }

  bool make_call(Entry& entry) {
    const InboundNode& call = entry.calls[entry.done];
    std::vector<SymbolicTensor> inputs;
    for (const TensorName& name : call.inputs) {
      const auto found = tensors_.find(name);
      if (found == tensors_.end()) return false;
      inputs.push_back(found->second);
    }
    const auto node = entry.layer->call(std::move(inputs), call.as_list, SourceLocation{});
    for (std::size_t i = 0; i < node->outputs.size(); ++i) {
      tensors_[{entry.layer->name(), entry.done, i}] = SymbolicTensor(node, static_cast<int>(i));
    }
    ++entry.done;
    return true;
  }

  SymbolicTensor end(const Json& json, const char* key) const {
    const auto found = tensors_.find(read_tensor_name(json, quote_key(key)));
    if (found != tensors_.end()) return found->second;
    refuse_config(quote_key(key), "there is no tensor " + short_text(json));
  }

  std::vector<Entry> entries_;
  std::set<std::string> names_;
  std::map<TensorName, SymbolicTensor> tensors_;
  std::size_t call_count_ = 0;
};

std::shared_ptr<ModelObject> read_functional(const Json& config, std::string name) {
  const FunctionalReader reader(config);
  return build_model(reader.ends(config, "input_layers"), reader.ends(config, "output_layers"),
                     std::move(name), false, SourceLocation{});
}

/// Keras 3 may leave the InputLayer out and give the shape as "build_input_shape".
std::shared_ptr<LayerObject> first_input(const Json& config, const Json& layers) {
  if (!layers.empty() && layers.front().is_object() &&
      layers.front().value("class_name", Json()) == "InputLayer") {
    return nullptr;
  }
  const Json first = layers.empty() ? Json::object() : layers.front();
  const Json first_config = first.is_object() ? first.value("config", Json::object()) : Json();
  Json shape = config.value("build_input_shape", Json());
  if (shape.is_null() && first_config.is_object()) {
    shape = first_config.value("batch_input_shape", Json());
  }
  if (shape.is_null()) {
    refuse_config("the Sequential", "it has no InputLayer and no build_input_shape",
                  "the shape of its input", "build the model in Keras before it is saved");
  }
  return layer_from_config({{"class_name", "InputLayer"}, {"config", {{"batch_shape", shape}}}});
}

std::shared_ptr<ModelObject> read_sequential(const Json& config, std::string name) {
  const Json layers = require_list(config, "layers", "the Sequential");
  if (layers.size() > kMostCalls) refuse_config("the Sequential", "it has too many layers");
  SymbolicTensor input;
  SymbolicTensor running;
  const auto append = [&](const std::shared_ptr<LayerObject>& layer) {
    const bool begins = !running.call();
    if (begins != layer->is_input()) {
      refuse_config(layer->title(), "an InputLayer stands behind other layers",
                    "one InputLayer, at the front");
    }
    std::vector<SymbolicTensor> inputs;
    if (!begins) inputs.push_back(running);
    running = SymbolicTensor(layer->call(std::move(inputs), false, SourceLocation{}), 0);
    if (begins) input = running;
  };
  if (const auto made = first_input(config, layers)) append(made);
  for (const Json& layer : layers) append(layer_from_config(layer));
  return build_model(input, running, std::move(name), true, SourceLocation{});
}

std::shared_ptr<ModelObject> read_model(const Json& json) {
  const std::string class_name = require_text(json, "class_name", "the model");
  const Json config = require_object(json, "config", "the model");
  const Json own_name = config.value("name", Json());
  std::string name = own_name.is_string() ? own_name.get<std::string>() : std::string();
  std::shared_ptr<ModelObject> model;
  if (class_name == "Sequential") {
    model = read_sequential(config, std::move(name));
  } else if (class_name == "Functional" || class_name == "Model") {
    model = read_functional(config, std::move(name));
  } else {
    refuse_config("the model", "its class is " + quote_key(class_name),
                  "\"Functional\" or \"Sequential\"");
  }
  if (config.value("trainable", Json()) == false) model->as_layer()->set_trainable(false);
  return model;
}

}  // namespace

std::shared_ptr<ModelObject> model_from_config(const Json& config) {
  try {
    return read_model(config);
  } catch (const ContractError& error) {  // what building by hand would have thrown
    throw FormatError(error.diagnostics());
  }
}

std::shared_ptr<ModelObject> model_from_text(const std::string& text) {
  Json json;
  try {
    json = Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
      if (depth > kDeepestText) refuse_config("the text", "it is nested too deeply");
      return true;
    });
  } catch (const Json::exception& error) {
    refuse_config("the text", fmt::format("it is no JSON: {}", error.what()));
  }
  return model_from_config(json);
}

}  // namespace tenon::graph
