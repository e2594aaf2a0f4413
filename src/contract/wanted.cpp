#include "contract/wanted.hpp"

#include <algorithm>

namespace tenon::contract {
namespace {

bool may_serve(Role field, Role wish) { return field == Role::kData || field == wish; }

std::vector<const TrainedOutput*> outputs_with_loss(const TrainingInterface& interface) {
  std::vector<const TrainedOutput*> found;
  for (const TrainedOutput& output : interface.outputs) {
    if (output.has_loss) found.push_back(&output);
  }
  return found;
}

Wanted wish_for_weight(const TrainedOutput& output, std::string key) {
  Wanted wish{std::move(key), output.output.name,
              Role::kWeight,  TensorSpec(DType::kFloat32, {Dim::symbol("B")}, "B"),
              &output,        {}};
  return wish;
}

/// Weights that the caller names, and those that a generator yields by the output's name.
void add_weight_wishes(const TrainingInterface& interface, const Schema& schema,
                       std::vector<Wanted>& wanted) {
  const auto losses = outputs_with_loss(interface);
  for (const TrainedOutput* output : losses) {
    const std::string& name = output->output.name;
    const auto named =
        std::find_if(interface.sample_weights.begin(), interface.sample_weights.end(),
                     [&](const auto& pair) { return pair.first == name; });
    if (named != interface.sample_weights.end()) {
      wanted.push_back(wish_for_weight(*output, named->second));
      continue;
    }
    for (const Field& field : schema) {
      const bool unnamed = field.key == weight_key("") && losses.size() == 1;
      if (field.role == Role::kWeight && (field.key == weight_key(name) || unnamed)) {
        wanted.push_back(wish_for_weight(*output, field.key));
      }
    }
  }
}

std::vector<Wanted> wishes(const TrainingInterface& interface, const Schema& schema) {
  std::vector<Wanted> wanted;
  for (const Port& input : interface.inputs) {
    wanted.push_back({input.name, input.name, Role::kInput, input.spec, nullptr, {}});
  }
  if (!interface.needs_targets) return wanted;
  for (const TrainedOutput* output : outputs_with_loss(interface)) {
    wanted.push_back({output->output.name,
                      output->output.name,
                      Role::kTarget,
                      target_spec(*output),
                      output,
                      {}});
  }
  add_weight_wishes(interface, schema, wanted);
  return wanted;
}

std::optional<std::size_t> find_field(const Schema& schema, const Wanted& wish, bool only_target) {
  for (std::size_t slot = 0; slot < schema.size(); ++slot) {
    const Field& field = schema[slot];
    if (!may_serve(field.role, wish.role)) continue;
    if (field.key == wish.name) return slot;
    const bool unnamed_target = only_target && field.key.empty() && field.role == Role::kTarget;
    if (wish.role == Role::kTarget && unnamed_target) return slot;
  }
  return std::nullopt;
}

/// predict() needs no targets, and takes data that have them.
bool ignored(const TrainingInterface& interface, const Field& field) {
  const auto& keys = interface.ignored_keys;
  if (std::find(keys.begin(), keys.end(), field.key) != keys.end()) return true;
  // Weights of an output that does not exist: that is told of the output's name.
  const auto names_no_output = [&](const auto& pair) {
    return pair.second == field.key &&
           std::none_of(interface.outputs.begin(), interface.outputs.end(),
                        [&](const auto& out) { return out.output.name == pair.first; });
  };
  if (std::any_of(interface.sample_weights.begin(), interface.sample_weights.end(),
                  names_no_output))
    return true;
  if (interface.needs_targets) return false;
  if (field.role == Role::kTarget || field.role == Role::kWeight) return true;
  const bool is_output = std::any_of(interface.outputs.begin(), interface.outputs.end(),
                                     [&](const auto& out) { return out.output.name == field.key; });
  const bool is_weight =
      std::any_of(interface.sample_weights.begin(), interface.sample_weights.end(),
                  [&](const auto& pair) { return pair.second == field.key; });
  return is_output || is_weight;
}

}  // namespace

TensorSpec target_spec(const TrainedOutput& output) {
  TensorSpec spec = output.output.spec;
  if (output.target_form == TargetForm::kClassIds) {
    spec.dtype = DType::kInt64;
    if (spec.rank() > 1) {
      spec.shape.pop_back();
      if (!spec.axes.empty()) spec.axes.pop_back();
    }
  }
  spec.range = output.target_range;
  return spec;
}

std::string_view title_of(Role role) noexcept {
  switch (role) {
    case Role::kInput:
      return "model input";
    case Role::kTarget:
      return "target of output";
    case Role::kWeight:
      return "sample weights of output";
    case Role::kData:
      break;
  }
  return "data key";
}

Join join(const TrainingInterface& interface, const Schema& schema) {
  Join joined;
  joined.wanted = wishes(interface, schema);
  const bool one_target = outputs_with_loss(interface).size() == 1;
  std::vector<bool> used(schema.size(), false);
  for (Wanted& wish : joined.wanted) {
    wish.slot = find_field(schema, wish, one_target);
    if (wish.slot) used[*wish.slot] = true;
  }
  for (std::size_t slot = 0; slot < schema.size(); ++slot) {
    if (!used[slot] && !ignored(interface, schema[slot])) joined.unused.push_back(slot);
  }
  return joined;
}

}  // namespace tenon::contract
