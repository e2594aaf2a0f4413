#include "experiment.hpp"

#include <algorithm>
#include <array>

namespace tenon::mutation {
namespace {

constexpr std::array<std::string_view, 9> kKeyArguments = {"from", "to",    "key",    "keys", "box",
                                                           "map",  "label", "source", "mask"};

bool holds_keys(const Argument& argument) {
  return std::find(kKeyArguments.begin(), kKeyArguments.end(), argument.name) !=
         kKeyArguments.end();
}

/// Calls `visit` with every key of data in the stage's arguments.
template <class StageOrConst, class Visit>
void for_each_key(StageOrConst& stage, Visit visit) {
  for (auto& argument : stage.arguments) {
    if (!holds_keys(argument)) continue;
    auto& value = argument.value;
    if (value.kind == Value::Kind::kText) visit(value.text);
    for (auto& key : value.texts) visit(key);
    for (auto& [from, to] : value.map) {
      visit(from);
      visit(to);
    }
  }
}

}  // namespace

Argument* Stage::find(const std::string& argument) {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const Argument& each) { return each.name == argument; });
  return found == arguments.end() ? nullptr : &*found;
}

const Argument* Stage::find(const std::string& argument) const {
  return const_cast<Stage*>(this)->find(argument);
}

const SplitPlan* Experiment::split(const std::string& wanted) const {
  const auto found = std::find_if(splits.begin(), splits.end(),
                                  [&](const SplitPlan& each) { return each.name == wanted; });
  return found == splits.end() ? nullptr : &*found;
}

FitMap* Experiment::fit_map(const std::string& wanted) {
  const auto found = std::find_if(fit_maps.begin(), fit_maps.end(),
                                  [&](const FitMap& each) { return each.name == wanted; });
  return found == fit_maps.end() ? nullptr : &*found;
}

const InputPlan* Experiment::input(const std::string& wanted) const {
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const InputPlan& each) { return each.name == wanted; });
  return found == inputs.end() ? nullptr : &*found;
}

std::optional<std::size_t> Experiment::place_of(int id) const {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].id == id) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Experiment::place_of_op(const std::string& op) const {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].op == op) return i;
  }
  return std::nullopt;
}

bool mentions(const Stage& stage, const std::string& key) {
  bool found = false;
  for_each_key(stage, [&](const std::string& each) { found = found || each == key; });
  return found;
}

std::size_t behind_last_mention(const Experiment& experiment, const std::string& key) {
  std::size_t place = 0;
  for (std::size_t i = 0; i < experiment.stages.size(); ++i) {
    if (mentions(experiment.stages[i], key)) place = i + 1;
  }
  return place;
}

int index_in(const Experiment& experiment, const std::string& split, int id) {
  if (id == kSource) return -1;
  int index = 0;
  for (const Stage& stage : experiment.stages) {
    if (stage.id == id) return index;
    const bool applies = stage.only.empty() ||
                         std::find(stage.only.begin(), stage.only.end(), split) != stage.only.end();
    if (applies) ++index;
  }
  return -1;
}

void rename_data_key(Experiment& experiment, const std::string& from, const std::string& to) {
  for (Column& column : experiment.columns) {
    if (column.name == from) column.name = to;
  }
  for (Argument& argument : experiment.source_arguments) {
    for (std::string& key : argument.value.texts) {
      if (argument.name == "keys" && key == from) key = to;
    }
    for (auto& [column, dtype] : argument.value.map) {
      const bool names_columns = argument.name == "types" || argument.name == "keys";
      if (names_columns && column == from) column = to;
    }
  }
  for (Stage& stage : experiment.stages) {
    for_each_key(stage, [&](std::string& key) {
      if (key == from) key = to;
    });
  }
  const auto state = experiment.keys.find(from);
  if (state == experiment.keys.end()) return;
  KeyState renamed = state->second;
  renamed.name = to;
  experiment.keys.erase(state);
  experiment.keys.emplace(to, std::move(renamed));
}

int insert_stage(Experiment& experiment, std::size_t place, std::string op,
                 std::vector<Argument> arguments, std::vector<std::string> only) {
  const int id = experiment.next_id++;
  experiment.stages.insert(experiment.stages.begin() + static_cast<std::ptrdiff_t>(place),
                           {id, std::move(op), std::move(arguments), std::move(only)});
  return id;
}

bool name_taken(const Experiment& experiment, const std::string& name) {
  const auto has = [&](const auto& each) { return each.name == name; };
  return std::any_of(experiment.inputs.begin(), experiment.inputs.end(), has) ||
         std::any_of(experiment.outputs.begin(), experiment.outputs.end(), has) ||
         std::any_of(experiment.columns.begin(), experiment.columns.end(), has) ||
         std::any_of(experiment.stages.begin(), experiment.stages.end(),
                     [&](const Stage& stage) { return mentions(stage, name); });
}

}  // namespace tenon::mutation
