#include <algorithm>
#include <set>

#include "backend/onednn/passes.hpp"

namespace tenon::backend::onednn {
namespace {

bool same_attributes(const ops::Node& a, const ops::Node& b) {
  if (a.kind != b.kind) return false;
  const auto& x = std::get<ops::OptimizerAttributes>(a.attributes);
  const auto& y = std::get<ops::OptimizerAttributes>(b.attributes);
  return x.momentum == y.momentum && x.nesterov == y.nesterov && x.beta_1 == y.beta_1 &&
         x.beta_2 == y.beta_2 && x.rho == y.rho && x.epsilon == y.epsilon &&
         x.weight_decay == y.weight_decay && x.amsgrad == y.amsgrad && x.centered == y.centered;
}

}  // namespace

// Updates are moved behind all other nodes; one stays where it is if a node behind it reads what it
// writes.
void group_updates(Graph& graph) {
  std::vector<GraphNode> others;
  std::vector<GraphNode> groups;
  std::set<ops::ValueId> read_later;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool movable = node->kind == NodeKind::kSingle && is_update(*node) &&
                         std::none_of(node->op.inputs.begin(), node->op.inputs.end(),
                                      [&](ops::ValueId id) { return read_later.contains(id); });
    if (!movable) {
      for (const ops::ValueId id : node->op.inputs) {
        if (id != ops::kNoValue && graph.value(id).kind == ops::ValueKind::kVariable) {
          read_later.insert(id);
        }
      }
      others.push_back(std::move(*node));
      continue;
    }
    auto group = std::find_if(groups.begin(), groups.end(), [&](const GraphNode& existing) {
      return same_attributes(existing.op, node->op);
    });
    if (group == groups.end()) {
      GraphNode made;
      made.kind = NodeKind::kUpdateGroup;
      made.op.kind = node->op.kind;
      made.op.attributes = node->op.attributes;
      made.op.name = node->op.name;
      groups.push_back(std::move(made));
      group = groups.end() - 1;
    }
    group->operations += node->operations;
    group->group.push_back(std::move(node->op));
  }
  std::reverse(others.begin(), others.end());
  for (GraphNode& group : groups) {
    std::reverse(group.group.begin(), group.group.end());
    others.push_back(std::move(group));
  }
  graph.nodes = std::move(others);
}

}  // namespace tenon::backend::onednn
