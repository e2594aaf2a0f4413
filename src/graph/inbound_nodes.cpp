#include "graph/inbound_nodes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graph/argument_json.hpp"
#include "graph/config_error.hpp"

namespace tenon::graph {
namespace {

std::size_t read_index(const Json& json, const std::string& where) {
  constexpr std::int64_t kMost = 1'000'000;
  if (json.is_number_integer() && json >= 0 && json <= kMost) return json.get<std::size_t>();
  refuse_config(where, "a tensor has the index " + short_text(json), "an integer from 0");
}

TensorName read_keras_tensor(const Json& json, const std::string& where) {
  if (!json.is_object() || json.value("class_name", Json()) != "__keras_tensor__") {
    refuse_config(where, "it is called with " + short_text(json), "tensors only",
                  "use layers instead of operators and save the model anew");
  }
  const Json config = require_object(json, "config", where);
  return read_tensor_name(require_list(config, "keras_history", where), where);
}

/// {"args": [TENSOR]} or {"args": [[TENSOR, …]]}; keyword arguments (`training`, `mask`) are set
/// anew at each run.
InboundNode read_node(const Json& node, const std::string& where) {
  const Json arguments = require_list(node, "args", where);
  InboundNode inbound;
  for (const Json& argument : arguments) {
    if (argument.is_array()) {
      inbound.as_list = true;
      for (const Json& tensor : argument)
        inbound.inputs.push_back(read_keras_tensor(tensor, where));
    } else {
      inbound.inputs.push_back(read_keras_tensor(argument, where));
    }
  }
  if (arguments.size() != 1) {
    refuse_config(where, fmt::format("it is called with {} arguments", arguments.size()),
                  "one tensor, or one list of tensors");
  }
  return inbound;
}

InboundNode read_keras2_node(const Json& node, const std::string& where) {
  InboundNode inbound;
  for (const Json& tensor : node) inbound.inputs.push_back(read_tensor_name(tensor, where));
  inbound.as_list = inbound.inputs.size() > 1;
  return inbound;
}

}  // namespace

TensorName read_tensor_name(const Json& json, const std::string& where) {
  if (!json.is_array() || json.size() < 3 || json.size() > 4 || !json[0].is_string()) {
    refuse_config(where, "a tensor is named by " + short_text(json), "[layer, node, tensor]");
  }
  return {json[0].get<std::string>(), read_index(json[1], where), read_index(json[2], where)};
}

std::vector<InboundNode> read_inbound_nodes(const Json& nodes, const std::string& where) {
  std::vector<InboundNode> inbound;
  for (const Json& node : nodes) {
    inbound.push_back(node.is_array() ? read_keras2_node(node, where) : read_node(node, where));
  }
  return inbound;
}

}  // namespace tenon::graph
