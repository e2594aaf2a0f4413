#include "io/models/weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "core/text_distance.hpp"
#include "io/models/layer_groups.hpp"
#include "tenon/error.hpp"

namespace tenon::models {
namespace {

std::string array_path(const std::string& vars, std::size_t index) {
  return fmt::format("{}/{}", vars, index);
}

bool has_arrays(const WeightTree& tree, const std::string& vars) {
  const auto next = tree.arrays.lower_bound(vars + "/");
  return next != tree.arrays.end() && next->first.starts_with(vars + "/");
}

/// "layers/functional/layers/dense/vars" -> "layers/functional/vars": the model that holds the
/// group.
std::string parent_of(const std::string& vars) {
  const std::string marker = "layers/";
  const std::size_t at = vars.rfind(marker);
  return at == std::string::npos ? std::string() : vars.substr(0, at) + "vars";
}

class Joiner {
 public:
  Joiner(const WeightTree& tree, std::string file) : tree_(tree), file_(std::move(file)) {
    named_ = std::any_of(tree.names.begin(), tree.names.end(), [](const auto& entry) {
      return entry.first.starts_with("layers/") && !entry.second.empty();
    });
  }

  void join(Model& model) {
    const auto groups = layer_groups(*model.object());
    for (const LayerGroup& group : groups) place(group);
    find_left_over();
    if (!problems_.empty()) fail(model);
    for (const auto& [variable, tensor] : assignments_) variable->assign(*tensor);
  }

 private:
  /// The file's group for a layer: by name under the same model, or by path in files without names.
  std::optional<std::string> find(const LayerGroup& group) {
    if (!named_) return has_arrays(tree_, group.vars) ? std::optional(group.vars) : std::nullopt;
    const auto model = models_.find(group.parent);
    const std::string parent = model == models_.end() ? group.parent : model->second;
    for (const auto& [vars, name] : tree_.names) {
      if (name == group.name && parent_of(vars) == parent) return vars;
    }
    return std::nullopt;
  }

  void place(const LayerGroup& group) {
    if (group.variables.empty()) {
      // A nested model: its layers are looked for in the file's model of that name.
      if (group.vars != "vars" && named_) {
        for (const auto& [vars, name] : tree_.names) {
          if (name == group.name) models_.emplace(group.vars, vars);
        }
      }
      return;
    }
    const auto vars = find(group);
    if (!vars) {
      const auto nearest = nearest_in_file(group.name);
      problems_.push_back(fmt::format("layer {}: the file has no weights of it{}",
                                      quote_key(group.name),
                                      nearest ? "; is " + quote_key(*nearest) + " meant?" : ""));
      return;
    }
    used_.insert(*vars);
    for (std::size_t i = 0; i < group.variables.size(); ++i)
      place_variable(*group.variables[i], *vars, i);
    if (tree_.arrays.contains(array_path(*vars, group.variables.size()))) {
      problems_.push_back(fmt::format("layer {}: the file has more than its {} weights",
                                      quote_key(group.name), group.variables.size()));
    }
  }

  /// The layer of the file whose name is likely a misspelt `name`.
  std::optional<std::string> nearest_in_file(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& [vars, known] : tree_.names) names.push_back(known);
    return nearest_name(name, names);
  }

  void place_variable(Variable& variable, const std::string& vars, std::size_t index) {
    const auto array = tree_.arrays.find(array_path(vars, index));
    if (array == tree_.arrays.end()) {
      problems_.push_back(fmt::format("{}: not in the file", quote_key(variable.path())));
    } else if (!(array->second.shape() == variable.shape()) ||
               array->second.dtype() != DType::kFloat32) {
      problems_.push_back(fmt::format("{}: the file has {}, the model {}",
                                      quote_key(variable.path()), array->second.shape().to_string(),
                                      variable.shape().to_string()));
    } else {
      assignments_.emplace_back(&variable, &array->second);
    }
  }

  void find_left_over() {
    for (const auto& [vars, name] : tree_.names) {
      if (!vars.starts_with("layers/") || used_.contains(vars) || !has_arrays(tree_, vars))
        continue;
      problems_.push_back(fmt::format("the file's layer {} (/{}) is not in the model",
                                      quote_key(name.empty() ? vars : name), vars));
    }
  }

  [[noreturn]] void fail(const Model& model) const {
    Diagnostic out =
        make_diagnostic("W001",
                        fmt::format("the weights of {} do not fit model `{}`; nothing was loaded",
                                    file_, model.name()),
                        problems_,
                        "load them into the model they were saved from, or give the layers the "
                        "names that the file has");
    throw ContractError(std::move(out));
  }

  const WeightTree& tree_;
  std::string file_;
  bool named_ = false;
  std::map<std::string, std::string> models_;
  std::set<std::string> used_;
  std::vector<std::string> problems_;
  std::vector<std::pair<Variable*, const Tensor*>> assignments_;
};

void add_optimizer(WeightTree& tree, const Model& model) {
  const auto state = train::optimizer_state(model);
  if (!state) return;
  tree.names["optimizer/vars"] = "optimizer";
  tree.arrays["optimizer/vars/0"] = Tensor::scalar(static_cast<std::int32_t>(state->iterations));
  tree.arrays["optimizer/vars/1"] = Tensor::scalar(static_cast<float>(state->learning_rate));
  for (std::size_t i = 0; i < state->slots.size(); ++i) {
    tree.arrays[array_path("optimizer/vars", i + 2)] = state->slots[i].second;
  }
  if (state->slots.empty()) return;
  const std::string& first = state->slots.front().first;
  tree.names["optimizer/vars"] = first.substr(0, first.find('/'));
}

}  // namespace

WeightTree weights_of(const Model& model) {
  WeightTree tree;
  for (const LayerGroup& group : layer_groups(*model.object())) {
    tree.names[group.vars] = group.name;
    for (std::size_t i = 0; i < group.variables.size(); ++i) {
      tree.arrays[array_path(group.vars, i)] = group.variables[i]->value();
    }
  }
  add_optimizer(tree, model);
  return tree;
}

void assign_weights(Model& model, const WeightTree& tree, const std::string& file) {
  Joiner(tree, file).join(model);
}

std::optional<train::OptimizerState> optimizer_state_of(const WeightTree& tree,
                                                        double learning_rate) {
  const auto iteration = tree.arrays.find("optimizer/vars/0");
  if (iteration == tree.arrays.end() || iteration->second.dtype() != DType::kInt64 ||
      iteration->second.size() != 1) {
    return std::nullopt;
  }
  train::OptimizerState state;
  state.iterations = iteration->second.data<std::int64_t>()[0];
  state.learning_rate = learning_rate;
  std::size_t index = 1;
  // Keras 2.15 keeps no learning rate here.
  const auto rate = tree.arrays.find("optimizer/vars/1");
  if (rate != tree.arrays.end() && rate->second.rank() == 0 &&
      rate->second.dtype() == DType::kFloat32) {
    state.learning_rate = static_cast<double>(rate->second.data<float>()[0]);
    index = 2;
  }
  for (;; ++index) {
    const auto slot = tree.arrays.find(array_path("optimizer/vars", index));
    if (slot == tree.arrays.end()) return state;
    state.slots.emplace_back(slot->first, slot->second);
  }
}

}  // namespace tenon::models
