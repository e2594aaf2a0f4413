#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/model_object.hpp"

namespace tenon::models {

/// A layer of a model, and the group of a Keras file that its weights stand in.
struct LayerGroup {
  std::string vars;  ///< "layers/conv2d_1/vars"
  std::string name;  ///< Of the layer: "small_conv"
  std::vector<std::shared_ptr<Variable>>
      variables;       ///< "<vars>/0", "<vars>/1", …; nested models have none of their own.
  std::string parent;  ///< The `vars` of the model it is in: "vars", "layers/functional/vars".
};

/// All layers in order, nested models' behind the entry of the nested model itself. Group names
/// count equal class names in the order of the model's layers, as Keras does. The first entry is
/// the model itself ("vars").
std::vector<LayerGroup> layer_groups(const graph::ModelObject& model);

}  // namespace tenon::models
