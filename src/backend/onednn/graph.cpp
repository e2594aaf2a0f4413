#include "backend/onednn/graph.hpp"

#include <algorithm>
#include <utility>

#include "ops/descriptor.hpp"

namespace tenon::backend::onednn {
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

bool is_clip(const GraphNode& node) {
  return is_single(node, ops::OpKind::kClipByValue) || is_single(node, ops::OpKind::kClipByNorm) ||
         is_single(node, ops::OpKind::kClipByGlobalNorm);
}

ops::ValueId before_clips(const Graph& graph, const Connections& connections,
                          ops::ValueId gradient) {
  for (;;) {
    const int producer = connections.producer(gradient);
    if (producer < 0) return gradient;
    const GraphNode& node = graph.nodes[static_cast<std::size_t>(producer)];
    if (!is_clip(node)) return gradient;
    const auto port = std::ranges::find(node.op.outputs, gradient) - node.op.outputs.begin();
    gradient = node.op.inputs[static_cast<std::size_t>(port)];
  }
}

bool is_update(const GraphNode& node) {
  return node.kind == NodeKind::kUpdateGroup || is_single(node, ops::OpKind::kSgdUpdate) ||
         is_single(node, ops::OpKind::kAdamUpdate) || is_single(node, ops::OpKind::kRmspropUpdate);
}

std::span<const ops::Node> updates_of(const GraphNode& node) {
  if (node.kind == NodeKind::kUpdateGroup) return node.group;
  return {&node.op, is_update(node) ? std::size_t{1} : std::size_t{0}};
}

Renaming::Renaming(Graph& graph)
    : graph_(graph), gone_(graph.nodes.size(), false), names_(graph.program->values.size()) {
  for (std::size_t i = 0; i < names_.size(); ++i) names_[i] = static_cast<ops::ValueId>(i);
}

bool Renaming::is_fixed(ops::ValueId id) const {
  return std::ranges::find(graph_.guarded, id) != graph_.guarded.end() ||
         std::ranges::any_of(graph_.program->outputs,
                             [&](const ops::NamedValue& output) { return output.value == id; });
}

void Renaming::replace(std::size_t position, ops::ValueId made, ops::ValueId same) {
  if (is_fixed(made)) return;
  gone_[position] = true;
  names_[static_cast<std::size_t>(made)] = names_[static_cast<std::size_t>(same)];
}

void Renaming::apply() {
  std::vector<GraphNode> kept;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (gone_[i]) continue;
    for (ops::ValueId& id : graph_.nodes[i].op.inputs) {
      if (id != ops::kNoValue) id = names_[static_cast<std::size_t>(id)];
    }
    kept.push_back(std::move(graph_.nodes[i]));
  }
  graph_.nodes = std::move(kept);
}

bool Graph::does(std::string_view pass) const {
  return std::ranges::find(without_passes, pass) == without_passes.end();
}

Graph make_graph(const ops::Program& program, const CompileOptions& options) {
  Graph graph;
  graph.program = &program;
  graph.without_passes = options.without_passes;
  graph.precision = options.precision;
  graph.guarded = options.guarded;
  for (const ops::Value& value : program.values) graph.stored_dtypes.push_back(value.dtype);
  graph.nodes.reserve(program.nodes.size());
  for (const ops::Node& node : program.nodes) {
    GraphNode made;
    made.op = node;
    made.operations = ops::floating_point_operations(program, node);
    graph.nodes.push_back(std::move(made));
  }
  return graph;
}

}  // namespace tenon::backend::onednn
