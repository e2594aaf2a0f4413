#include "graph/name_layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "graph/layer_name.hpp"

namespace tenon::graph {
namespace {

std::string free_name(const std::string& base, const std::set<std::string>& taken) {
  if (!taken.contains(base)) return base;
  int count = 1;
  while (taken.contains(fmt::format("{}_{}", base, count))) ++count;
  return fmt::format("{}_{}", base, count);
}

void name_weights(const ModelObject& model) {
  std::set<std::string> taken;
  std::set<const Variable*> seen;
  for (const auto& layer : model.layers) {
    if (layer->nested()) continue;
    for (const auto& weight : layer->weights()) {
      taken.insert(weight->layer());
      seen.insert(weight.get());
    }
  }
  for (const auto& layer : model.layers) {
    if (!layer->nested()) continue;
    std::set<std::string> own;
    for (const auto& weight : layer->weights()) {
      if (!seen.insert(weight.get()).second) continue;
      if (taken.contains(weight->layer())) weight->set_layer(layer->name() + "/" + weight->layer());
      own.insert(weight->layer());
    }
    taken.insert(own.begin(), own.end());
  }
}

}  // namespace

void name_layers(const ModelObject& model) {
  std::set<std::string> taken;
  std::vector<LayerObject*> unnamed;
  for (const auto& layer : model.layers) {
    if (layer->has_provisional_name()) {
      unnamed.push_back(layer.get());
    } else {
      taken.insert(layer->name());
    }
  }
  std::sort(unnamed.begin(), unnamed.end(),
            [](const LayerObject* a, const LayerObject* b) { return a->serial() < b->serial(); });
  for (LayerObject* layer : unnamed) {
    layer->fix_name(free_name(snake_case(layer->class_name()), taken));
    taken.insert(layer->name());
  }
  name_weights(model);
}

}  // namespace tenon::graph
