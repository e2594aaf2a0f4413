#include "graph/model_object.hpp"

#include <algorithm>
#include <set>

#include "graph/check_model.hpp"
#include "graph/graph_order.hpp"
#include "graph/layer_name.hpp"
#include "graph/name_layers.hpp"

namespace tenon::graph {
namespace {

Structure structure_of(const Tensors& tensors) {
  if (!tensors.names().empty()) return Structure::kMap;
  return tensors.single() ? Structure::kSingle : Structure::kList;
}

void collect(const std::vector<std::shared_ptr<LayerObject>>& layers, bool only_trainable,
             std::set<const Variable*>& seen, std::vector<std::shared_ptr<Variable>>& weights) {
  for (const auto& layer : layers) {
    if (layer->nested()) {
      collect(layer->nested()->layers, only_trainable, seen, weights);
      continue;
    }
    if (only_trainable && !layer->trainable()) continue;
    for (const auto& weight : layer->weights()) {
      if (only_trainable && !weight->trainable()) continue;
      if (seen.insert(weight.get()).second) weights.push_back(weight);
    }
  }
}

}  // namespace

const std::string& ModelObject::input_name(std::size_t index) const {
  return input_keys.empty() ? inputs[index].name() : input_keys[index];
}

const std::string& ModelObject::output_name(std::size_t index) const {
  return output_keys.empty() ? outputs[index].name() : output_keys[index];
}

std::vector<const CallNode*> ModelObject::calls_of(const LayerObject& layer) const {
  std::vector<const CallNode*> calls;
  for (const auto& node : nodes) {
    if (node->layer.get() == &layer) calls.push_back(node.get());
  }
  std::sort(calls.begin(), calls.end(),
            [](const CallNode* a, const CallNode* b) { return a->call_index < b->call_index; });
  return calls;
}

int ModelObject::node_index(const CallNode& call) const {
  const std::vector<const CallNode*> calls = calls_of(*call.layer);
  const auto found = std::find(calls.begin(), calls.end(), &call);
  return static_cast<int>(found - calls.begin());
}

std::vector<std::shared_ptr<Variable>> ModelObject::weights() const {
  std::set<const Variable*> seen;
  std::vector<std::shared_ptr<Variable>> weights;
  collect(layers, false, seen, weights);
  return weights;
}

std::vector<std::shared_ptr<Variable>> ModelObject::trainable_weights() const {
  std::set<const Variable*> seen;
  std::vector<std::shared_ptr<Variable>> weights;
  collect(layers, true, seen, weights);
  return weights;
}

std::string ModelObject::dtype_policy() const {
  for (const auto& layer : layers) {
    const std::string policy =
        layer->nested() ? layer->nested()->dtype_policy() : layer->dtype_policy();
    if (policy != "float32") return policy;
  }
  return "float32";
}

void ModelObject::set_dtype_policy(const std::string& policy) {
  const auto makes_output = [this](const LayerObject& layer) {
    return std::any_of(outputs.begin(), outputs.end(), [&](const SymbolicTensor& output) {
      return output.call()->layer.get() == &layer;
    });
  };
  const auto set = [&](bool only_inner) {
    for (const auto& layer : layers) {
      if (layer->is_input()) continue;
      const bool outer = only_inner && makes_output(*layer);
      if (layer->nested()) {
        layer->nested()->set_dtype_policy(policy);
      } else {
        layer->set_dtype_policy(outer ? "float32" : policy);
      }
    }
  };
  set(true);
  if (dtype_policy() != policy) set(false);
}

std::shared_ptr<LayerObject> ModelObject::as_layer() {
  std::shared_ptr<LayerObject> layer = as_layer_.lock();
  if (!layer) {
    layer = LayerObject::make_nested(shared_from_this());
    as_layer_ = layer;
  }
  return layer;
}

std::shared_ptr<ModelObject> build_model(const Tensors& inputs, const Tensors& outputs,
                                         std::string name, bool sequential,
                                         SourceLocation location) {
  auto model = std::make_shared<ModelObject>();
  require_layer_name("Model", name);
  model->provisional_name = name.empty();
  model->name = name.empty() ? std::string(sequential ? "sequential" : "functional") : name;
  model->sequential = sequential;
  model->inputs = inputs.list();
  model->outputs = outputs.list();
  model->input_keys = inputs.names();
  model->output_keys = outputs.names();
  model->input_structure = structure_of(inputs);
  model->output_structure = structure_of(outputs);
  check_ends(*model, location);
  GraphOrder order = order_graph(model->inputs, model->outputs);
  model->layers = std::move(order.layers);
  model->nodes = std::move(order.nodes);
  model->plain_stack = order.plain_stack;
  check_connections(*model, location);
  name_layers(*model);
  check_names(*model, location);
  return model;
}

}  // namespace tenon::graph
