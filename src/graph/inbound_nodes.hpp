#pragma once

#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tenon::graph {

using Json = nlohmann::ordered_json;

/// A tensor as configs name it: the `tensor`-th output of the `node`-th call of a layer.
struct TensorName {
  std::string layer;
  std::size_t node = 0;
  std::size_t tensor = 0;
  bool operator<(const TensorName& other) const {
    return std::tie(layer, node, tensor) < std::tie(other.layer, other.node, other.tensor);
  }
};

/// One call of a layer.
struct InboundNode {
  std::vector<TensorName> inputs;
  bool as_list = false;
};

/// ["conv", 0, 0], with or without a fourth entry, as Keras 2 writes it.
TensorName read_tensor_name(const Json& json, const std::string& where);
/// The calls of one layer, as Keras 3 writes them ({"args": …, "kwargs": …}) or as Keras 2 does
/// ([["conv", 0, 0, {}], …]). Throws FormatError that names `where`.
std::vector<InboundNode> read_inbound_nodes(const Json& nodes, const std::string& where);

}  // namespace tenon::graph
