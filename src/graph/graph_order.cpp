#include "graph/graph_order.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace tenon::graph {
namespace {

using NodeList = std::vector<std::shared_ptr<CallNode>>;

/// Keras's walk: a depth-first search from the outputs that keeps calls in the order in which they
/// are finished, and layers in the order in which they are met.
class Walk {
 public:
  explicit Walk(const std::vector<SymbolicTensor>& inputs) : inputs_(inputs) {}

  void visit(const SymbolicTensor& output) {
    start(output);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next < step.inputs.size()) {
        const SymbolicTensor input = step.inputs[step.next++];
        start(input);
      } else {
        nodes.push_back(step.node);
        path_.pop_back();
      }
    }
  }

  NodeList nodes;
  std::vector<std::shared_ptr<LayerObject>> layers;

 private:
  struct Step {
    std::shared_ptr<CallNode> node;
    std::vector<SymbolicTensor> inputs;
    std::size_t next = 0;
  };

  void start(const SymbolicTensor& tensor) {
    const auto& node = tensor.call();
    if (!met_.insert(node.get()).second) return;
    if (met_layers_.insert(node->layer.get()).second) layers.push_back(node->layer);
    const bool ends_here = std::find(inputs_.begin(), inputs_.end(), tensor) != inputs_.end();
    path_.push_back({node, ends_here ? std::vector<SymbolicTensor>{} : node->inputs});
  }

  const std::vector<SymbolicTensor>& inputs_;
  std::vector<Step> path_;
  std::set<const CallNode*> met_;
  std::set<const LayerObject*> met_layers_;
};

struct Depths {
  std::map<const CallNode*, int> nodes;
  std::map<const LayerObject*, int> layers;
};

Depths depths_of(const NodeList& nodes) {
  Depths depths;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const int depth = std::max(depths.nodes[node->get()], depths.layers[(*node)->layer.get()]);
    depths.nodes[node->get()] = depth;
    depths.layers[(*node)->layer.get()] = depth;
    for (const SymbolicTensor& input : (*node)->inputs) {
      int& input_depth = depths.nodes[input.call().get()];
      input_depth = std::max(input_depth, depth + 1);
    }
  }
  return depths;
}

bool is_plain_stack(const NodeList& nodes, const Depths& depths) {
  std::set<int> taken;
  std::set<const LayerObject*> called;
  return std::all_of(nodes.begin(), nodes.end(), [&](const std::shared_ptr<CallNode>& node) {
    return node->inputs.size() <= 1 && taken.insert(depths.nodes.at(node.get())).second &&
           called.insert(node->layer.get()).second;
  });
}

}  // namespace

GraphOrder order_graph(const std::vector<SymbolicTensor>& inputs,
                       const std::vector<SymbolicTensor>& outputs) {
  Walk walk(inputs);
  for (const SymbolicTensor& output : outputs) walk.visit(output);
  const Depths depths = depths_of(walk.nodes);
  GraphOrder order;
  order.layers = std::move(walk.layers);
  std::stable_sort(order.layers.begin(), order.layers.end(), [&](const auto& a, const auto& b) {
    return depths.layers.at(a.get()) > depths.layers.at(b.get());
  });
  order.plain_stack = is_plain_stack(walk.nodes, depths);
  order.nodes = std::move(walk.nodes);
  return order;
}

}  // namespace tenon::graph
