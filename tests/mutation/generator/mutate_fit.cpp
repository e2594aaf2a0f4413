// Faults of [fit], and of the targets that it wants.
#include <algorithm>
#include <array>

#include "fault.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

std::optional<std::string> misspelt(const std::string& name, Draw& draw) {
  const std::array<Respelling, 6> ways = {typo,       typo,          other_case,
                                          look_alike, blanks_around, other_separator};
  auto wrong = ways[static_cast<std::size_t>(draw.below(6))](name, draw);
  if (wrong && *wrong == name) return std::nullopt;
  return wrong;
}

/// The name of an output in one of the tables of [fit].
std::optional<Fault> map_key(Experiment& experiment, Draw& draw, const std::string& table) {
  FitMap* map = experiment.fit_map(table);
  if (map == nullptr || map->entries.front().first.empty()) return std::nullopt;
  auto& entry =
      map->entries[static_cast<std::size_t>(draw.below(static_cast<int>(map->entries.size())))];
  const std::string name = entry.first;
  const auto wrong = misspelt(name, draw);
  if (!wrong || name_taken(experiment, *wrong)) return std::nullopt;
  entry.first = *wrong;
  Fault fault;
  fault.codes = {"K011"};
  fault.keys = {name};
  fault.stages = {kNoStage};
  fault.what = table + " calls " + name + " \"" + *wrong + "\"";
  fault.subjects = {"fit." + table, "key " + name};
  return fault;
}

std::optional<Fault> loss_key(Experiment& experiment, Draw& draw) {
  return map_key(experiment, draw, "loss");
}
std::optional<Fault> metric_key(Experiment& experiment, Draw& draw) {
  return map_key(experiment, draw, "metrics");
}
std::optional<Fault> class_weight_key(Experiment& experiment, Draw& draw) {
  return map_key(experiment, draw, "class_weight");
}
std::optional<Fault> loss_weight_key(Experiment& experiment, Draw& draw) {
  return map_key(experiment, draw, "loss_weights");
}
std::optional<Fault> sample_weight_key(Experiment& experiment, Draw& draw) {
  return map_key(experiment, draw, "sample_weight");
}

/// The data key that holds the weights is called wrongly, or a stage drops it.
std::optional<Fault> weights_missing(Experiment& experiment, Draw& draw) {
  FitMap* map = experiment.fit_map("sample_weight");
  if (map == nullptr) return std::nullopt;
  auto& [output, value] = map->entries.front();
  const std::string key = value.substr(1, value.size() - 2);
  Fault fault;
  fault.codes = {"K011"};
  fault.keys = {output};
  fault.subjects = {"fit.sample_weight", "key " + key};
  if (draw.chance(50)) {
    const std::size_t place =
        any_place_from(experiment, behind_last_mention(experiment, key), draw);
    fault.stages = {insert_stage(experiment, place, "drop", {{"keys", texts({key})}})};
    fault.what = "a stage drops the weights in " + key;
    return fault;
  }
  const auto wrong = misspelt(key, draw);
  if (!wrong || name_taken(experiment, *wrong)) return std::nullopt;
  value = toml_string(*wrong);
  fault.stages = {kSource};
  fault.what = "sample_weight looks for \"" + *wrong + "\", not " + key;
  return fault;
}

std::optional<Fault> monitor_misspelt(Experiment& experiment, Draw& draw) {
  for (std::size_t i = 0; i < experiment.callbacks.size(); ++i) {
    for (auto& [key, value] : experiment.callbacks[i].entries) {
      if (key != "monitor") continue;
      const std::string name = value.substr(1, value.size() - 2);
      const auto wrong = misspelt(name, draw);
      if (!wrong) return std::nullopt;
      value = toml_string(*wrong);
      Fault fault;
      fault.codes = {"C002"};
      fault.keys = {*wrong, name};
      fault.stages = {kNoStage};
      fault.what = "a callback watches \"" + *wrong + "\", not " + name;
      fault.subjects = {"fit.callbacks", "fit.metrics"};
      for (const OutputPlan& output : experiment.outputs)
        fault.subjects.push_back("key " + output.name);
      return fault;
    }
  }
  return std::nullopt;
}

std::optional<Fault> monitor_without_validation(Experiment& experiment, Draw&) {
  std::vector<std::string> watched;
  for (const CallbackPlan& callback : experiment.callbacks) {
    for (const auto& [key, value] : callback.entries) {
      if (key == "monitor" && value.starts_with("\"val_"))
        watched.push_back(value.substr(1, value.size() - 2));
    }
  }
  const bool steps =
      std::any_of(experiment.fit_values.begin(), experiment.fit_values.end(),
                  [](const auto& entry) { return entry.first == "validation_steps"; });
  if (watched.size() != 1 || steps) return std::nullopt;
  std::erase_if(experiment.splits,
                [](const SplitPlan& split) { return split.name == "validation"; });
  Fault fault;
  fault.codes = {"C002"};
  fault.keys = watched;
  fault.stages = {kNoStage};
  fault.what = "there are no validation data to watch";
  fault.subjects = {"fit.callbacks", "validation", "batch"};
  for (const OutputPlan& output : experiment.outputs)
    fault.subjects.push_back("key " + output.name);
  return fault;
}

Fault too_little(std::string what) {
  Fault fault;
  fault.codes = {"G001"};
  fault.keys = {""};
  fault.stages = {kAnyStage};
  fault.subjects = {"steps", "batch"};
  fault.what = std::move(what);
  return fault;
}

std::string* fit_value(Experiment& experiment, const std::string& wanted) {
  for (auto& [key, value] : experiment.fit_values) {
    if (key == wanted) return &value;
  }
  return nullptr;
}

std::optional<Fault> too_many_steps(Experiment& experiment, Draw& draw) {
  const bool validation = draw.chance(30) && experiment.split("validation") != nullptr;
  const std::string key = validation ? "validation_steps" : "steps_per_epoch";
  if (!validation && experiment.place_of_op("repeat")) return std::nullopt;
  if (std::string* value = fit_value(experiment, key)) {
    *value = "70";
  } else {
    experiment.fit_values.emplace_back(key, std::to_string(draw.between(25, 90)));
  }
  return too_little(key + " is more than the data give");
}

std::optional<Fault> endless(Experiment& experiment, Draw&) {
  if (!experiment.place_of_op("repeat")) return std::nullopt;
  std::erase_if(experiment.fit_values,
                [](const auto& entry) { return entry.first == "steps_per_epoch"; });
  return too_little("the data never end, and nothing says how many steps an epoch has");
}

std::optional<Fault> nothing_left(Experiment& experiment, Draw& draw) {
  const auto repeat = experiment.place_of_op("repeat");
  const std::size_t most =
      std::min(batch_place(experiment).value_or(0), repeat.value_or(experiment.stages.size()));
  const auto place = static_cast<std::size_t>(draw.below(static_cast<int>(most) + 1));
  const int id = insert_stage(experiment, place, "skip", {{"count", raw("500")}});
  Fault fault = too_little("a stage skips all samples");
  fault.stages = {id};
  return fault;
}

bool has_word(const Experiment& experiment, const std::string& word) {
  for (const FitMap& map : experiment.fit_maps) {
    for (const auto& [name, value] : map.entries) {
      if (value.find(word) != std::string::npos) return true;
    }
  }
  return false;
}

/// Class ids for the loss of one-hot vectors, or the reverse.
std::optional<Fault> other_form_of_loss(Experiment& experiment, Draw& draw) {
  const OutputPlan output = draw.pick(experiment.outputs);
  const bool ids = output.form == OutputForm::kClassIds;
  if (!ids && output.form != OutputForm::kOneHot) return std::nullopt;
  for (const char* bound : {"categorical_accuracy", "per_class_recall"}) {
    if (has_word(experiment, bound)) return std::nullopt;
  }
  for (auto& [name, value] : experiment.fit_map("loss")->entries) {
    if (!name.empty() && name != output.name) continue;
    value = ids ? "\"categorical_crossentropy\"" : "\"sparse_categorical_crossentropy\"";
  }
  Fault fault;
  fault.codes = {"S007"};
  fault.keys = {output.name};
  fault.stages = {kAnyStage};
  fault.what = "the loss of " + output.name + " wants targets of the other form";
  fault.subjects = {"fit.loss", "key " + output.name};
  return fault;
}

/// The model has one unit fewer than the data have classes.
std::optional<Fault> label_out_of_range(Experiment& experiment, Draw& draw) {
  OutputPlan& output = experiment.outputs[static_cast<std::size_t>(
      draw.below(static_cast<int>(experiment.outputs.size())))];
  if (output.form != OutputForm::kClassIds || output.units < 3) return std::nullopt;
  if (experiment.fit_map("class_weight") != nullptr) return std::nullopt;
  if (!experiment.keys.contains(output.name)) return std::nullopt;
  const KeyState& state = experiment.keys.at(output.name);
  // Known before reading: classes of an encode stage, or sub-folders.
  const auto maker = experiment.place_of(state.dtype_by);
  const bool known =
      experiment.source_kind == "folder" || (maker && experiment.stages[*maker].op == "encode");
  if (!known) return std::nullopt;
  --output.units;
  Fault fault;
  fault.codes = {"D002"};
  fault.keys = {output.name};
  fault.stages = {state.dtype_by, state.created_by};
  fault.what = output.name + " has a class more than the model has units";
  fault.fixable = false;
  fault.subjects = {"key " + output.name};
  return fault;
}

/// A column holds a class that nobody lists, which looks like one of those that are.
std::optional<Fault> class_not_listed(Experiment& experiment, Draw& draw) {
  const bool all_are_read =
      fit_value(experiment, "steps_per_epoch") == nullptr &&
      fit_value(experiment, "validation_steps") == nullptr &&
      std::ranges::all_of(experiment.splits, [](const SplitPlan& s) { return s.lines.empty(); });
  const auto shuffle = experiment.place_of_op("shuffle");
  const bool drawn_by_seed = shuffle && (experiment.place_of_op("take").value_or(0) > *shuffle ||
                                         experiment.place_of_op("skip").value_or(0) > *shuffle);
  if (experiment.source_kind != "csv" || !all_are_read || drawn_by_seed) return std::nullopt;
  for (const Stage& stage : experiment.stages) {
    if (stage.op != "encode") continue;
    const auto& classes = stage.find("classes")->value.texts;
    for (Column& column : experiment.columns) {
      if (column.name != stage.find("from")->value.text || column.words != classes) continue;
      const std::string word = draw.pick(column.words) + "x";
      // As often as all others together: it will be there.
      column.words.insert(column.words.end(), classes.size(), word);
      Fault fault;
      fault.codes = {"D002"};
      fault.keys = {stage.find("from")->value.text};
      fault.stages = {stage.id};
      fault.what = "the column " + column.name + " holds the class " + word;
      fault.subjects = {"key " + stage.find("to")->value.text, "batch", "steps"};
      return fault;
    }
  }
  return std::nullopt;
}

std::optional<Fault> one_hot_depth(Experiment& experiment, Draw& draw) {
  for (Stage& stage : experiment.stages) {
    if (stage.op != "one_hot") continue;
    Argument* depth = stage.find("depth");
    const int right = std::stoi(depth->value.text);
    depth->value = raw(std::to_string(right + (draw.chance(70) || right < 3 ? 1 : -1)));
    const std::string key = stage.find("keys")->value.texts.front();
    if (!experiment.keys.contains(key)) return std::nullopt;
    Fault fault;
    // Too small a depth is told by the stage itself where the classes are known.
    fault.codes = {"S007", "D002", "S002"};
    fault.keys = {key};
    fault.stages = {stage.id, experiment.keys.at(key).created_by};
    fault.what = "one_hot has depth " + depth->value.text + ", not " + std::to_string(right);
    fault.subjects = {"key " + key};
    return fault;
  }
  return std::nullopt;
}

std::optional<Fault> target_units(Experiment& experiment, Draw&) {
  for (OutputPlan& output : experiment.outputs) {
    const auto state = experiment.keys.find(output.name);
    if (output.form != OutputForm::kNumber || state == experiment.keys.end()) continue;
    if (state->second.dims.size() != 1) continue;
    ++output.units;
    Fault fault;
    fault.codes = {"S007"};
    fault.keys = {output.name};
    fault.stages = {kSource};
    fault.what = "the model has a unit more than " + output.name + " has numbers";
    fault.fixable = false;
    fault.subjects = {"key " + output.name};
    return fault;
  }
  return std::nullopt;
}

constexpr std::array kMutators = {
    Mutator{"loss key misspelt", loss_key},
    Mutator{"metric key misspelt", metric_key},
    Mutator{"class weight key misspelt", class_weight_key},
    Mutator{"loss weight key misspelt", loss_weight_key},
    Mutator{"sample weight key misspelt", sample_weight_key},
    Mutator{"sample weights missing", weights_missing},
    Mutator{"monitor misspelt", monitor_misspelt},
    Mutator{"monitor without validation", monitor_without_validation},
    Mutator{"too many steps", too_many_steps},
    Mutator{"endless data", endless},
    Mutator{"nothing left", nothing_left},
    Mutator{"loss of the other form", other_form_of_loss},
    Mutator{"label out of range", label_out_of_range},
    Mutator{"class not listed", class_not_listed, false},
    Mutator{"wrong one-hot depth", one_hot_depth},
    Mutator{"wrong units", target_units},
};

}  // namespace

std::span<const Mutator> fit_mutators() { return kMutators; }

}  // namespace tenon::mutation
