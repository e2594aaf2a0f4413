#include "io/models/layer_groups.hpp"

#include <map>

#include "graph/layer_name.hpp"

namespace tenon::models {
namespace {

void append(std::vector<LayerGroup>& out, const graph::ModelObject& model,
            const std::string& prefix) {
  out.push_back({prefix + "vars", model.name, {}, {}});
  const std::string parent = prefix + "vars";
  std::map<std::string, int> counts;
  for (const auto& layer : model.layers) {
    const std::string word = graph::snake_case(layer->class_name());
    const int count = counts[word]++;
    const std::string group =
        prefix + "layers/" + word + (count == 0 ? "" : "_" + std::to_string(count)) + "/";
    if (layer->nested()) {
      append(out, *layer->nested(), group);
      continue;
    }
    out.push_back({group + "vars", layer->name(), layer->weights(), parent});
  }
}

}  // namespace

std::vector<LayerGroup> layer_groups(const graph::ModelObject& model) {
  std::vector<LayerGroup> out;
  append(out, model, "");
  return out;
}

}  // namespace tenon::models
