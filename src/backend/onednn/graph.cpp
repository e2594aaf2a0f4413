#include "backend/onednn/graph.hpp"

#include <algorithm>

#include "ops/descriptor.hpp"

namespace tenon::backend::onednn {
namespace {

bool writes_variables(const GraphNode& node) {
  if (node.kind == NodeKind::kUpdateGroup) return true;
  const auto& ports = ops::descriptor(node.op.kind).inputs;
  return std::any_of(ports.begin(), ports.end(),
                     [](const ops::Port& port) { return port.written; });
}

template <class Visit>
void for_inputs(const GraphNode& node, const Visit& visit) {
  const auto one = [&](ops::ValueId id) {
    if (id != ops::kNoValue) visit(id);
  };
  for (const ops::ValueId id : node.op.inputs) one(id);
  for (const DenseSegment& segment : node.segments) one(segment.value);
  for (const ops::Node& member : node.group) {
    for (const ops::ValueId id : member.inputs) one(id);
  }
  one(node.mask);
}

template <class Visit>
void for_outputs(const GraphNode& node, const Visit& visit) {
  const auto one = [&](ops::ValueId id) {
    if (id != ops::kNoValue) visit(id);
  };
  for (const ops::ValueId id : node.op.outputs) one(id);
  for (const DenseSegment& segment : node.segments) one(segment.gradient);
}

}  // namespace

Connections::Connections(const Graph& graph)
    : producers_(graph.program->values.size(), -1),
      consumers_(graph.program->values.size()),
      outputs_(graph.program->values.size(), false) {
  int position = 0;
  for (const GraphNode& node : graph.nodes) {
    for_inputs(node, [&](ops::ValueId id) {
      auto& list = consumers_[static_cast<std::size_t>(id)];
      if (list.empty() || list.back() != position) list.push_back(position);
    });
    for_outputs(node,
                [&](ops::ValueId id) { producers_[static_cast<std::size_t>(id)] = position; });
    ++position;
  }
  for (const ops::NamedValue& output : graph.program->outputs) {
    outputs_[static_cast<std::size_t>(output.value)] = true;
  }
}

int Connections::only_consumer(ops::ValueId id) const {
  const std::vector<int>& list = consumers(id);
  return list.size() == 1 && !is_output(id) ? list.front() : -1;
}

ops::ValueId behind_reshapes(const Graph& graph, const Connections& connections, ops::ValueId id) {
  for (;;) {
    const int producer = connections.producer(id);
    if (producer < 0) return id;
    const GraphNode& node = graph.nodes[static_cast<std::size_t>(producer)];
    if (node.kind != NodeKind::kSingle || node.op.kind != ops::OpKind::kReshape) return id;
    id = node.op.inputs[0];
  }
}

Graph make_graph(const ops::Program& program) {
  Graph graph;
  graph.program = &program;
  graph.nodes.reserve(program.nodes.size());
  for (const ops::Node& node : program.nodes) {
    GraphNode made;
    made.op = node;
    made.operations = ops::floating_point_operations(program, node);
    graph.nodes.push_back(std::move(made));
  }
  return graph;
}

void remove_unread(Graph& graph) {
  std::vector<bool> read(graph.program->values.size(), false);
  for (const ops::NamedValue& output : graph.program->outputs) {
    read[static_cast<std::size_t>(output.value)] = true;
  }
  std::vector<GraphNode> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    bool needed = writes_variables(*node);
    for_outputs(*node,
                [&](ops::ValueId id) { needed = needed || read[static_cast<std::size_t>(id)]; });
    if (!needed) continue;
    for_inputs(*node, [&](ops::ValueId id) { read[static_cast<std::size_t>(id)] = true; });
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
}

}  // namespace tenon::backend::onednn
