#include <algorithm>
#include <utility>

#include "ops/descriptor.hpp"
#include "ops/program.hpp"

namespace tenon::ops {
namespace {

bool writes_variable(const Node& node) {
  const std::vector<Port>& ports = descriptor(node.kind).inputs;
  return std::any_of(ports.begin(), ports.end(), [](const Port& port) { return port.written; });
}

}  // namespace

void remove_dead_nodes(Program& program) {
  std::vector<bool> read(program.values.size(), false);
  const auto is_read = [&](ValueId id) {
    return id != kNoValue && read[static_cast<std::size_t>(id)];
  };
  for (const NamedValue& output : program.outputs) {
    read[static_cast<std::size_t>(output.value)] = true;
  }
  std::vector<Node> kept;
  for (auto node = program.nodes.rbegin(); node != program.nodes.rend(); ++node) {
    const bool alive =
        writes_variable(*node) || std::any_of(node->outputs.begin(), node->outputs.end(), is_read);
    if (!alive) continue;
    for (const ValueId id : node->inputs) {
      if (id != kNoValue) read[static_cast<std::size_t>(id)] = true;
    }
    const std::vector<Port>& ports = descriptor(node->kind).outputs;
    for (std::size_t i = 0; i < node->outputs.size(); ++i) {
      if (port_at(ports, i).optional && !is_read(node->outputs[i])) node->outputs[i] = kNoValue;
    }
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  program.nodes = std::move(kept);
}

}  // namespace tenon::ops
