// A stage too many, too few, or with another key than it should have.
#include <algorithm>
#include <array>

#include "fault.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

/// An input or a target that the data still have under its name.
std::optional<std::string> pick_bound(const Experiment& experiment, Draw& draw) {
  const std::string name =
      draw.chance(70) ? pick_input(experiment, draw) : pick_output(experiment, draw);
  return experiment.keys.contains(name) ? std::optional(name) : std::nullopt;
}

bool is_input(const Experiment& experiment, const std::string& name) {
  return experiment.input(name) != nullptr;
}

Fault lost(const Experiment& experiment, const std::string& name, int stage) {
  Fault fault;
  fault.codes = {is_input(experiment, name) ? "K005" : "K011"};
  fault.keys = {name};
  fault.stages = {stage};
  fault.subjects = {"key " + name};
  return fault;
}

std::vector<std::string> maybe_one_split(const Experiment& experiment, Draw& draw) {
  if (draw.chance(70)) return {};
  return {experiment.split("validation") != nullptr && draw.chance(50) ? "validation" : "train"};
}

std::optional<Fault> dropped(Experiment& experiment, Draw& draw) {
  const auto name = pick_bound(experiment, draw);
  if (!name) return std::nullopt;
  const std::size_t place =
      any_place_from(experiment, behind_last_mention(experiment, *name), draw);
  const int id = insert_stage(experiment, place, "drop", {{"keys", texts({*name})}},
                              maybe_one_split(experiment, draw));
  Fault fault = lost(experiment, *name, id);
  fault.what = "a stage drops " + *name;
  return fault;
}

/// A select that is there loses a key, or one is put in without it.
std::optional<Fault> not_selected(Experiment& experiment, Draw& draw) {
  const auto name = pick_bound(experiment, draw);
  if (!name) return std::nullopt;
  for (Stage& stage : experiment.stages) {
    if (stage.op != "select") continue;
    Argument* keys = stage.find("keys");
    if (keys->value.texts.size() < 2) return std::nullopt;
    // What comes behind may not need it.
    const int id = stage.id;
    std::erase(keys->value.texts, *name);
    if (behind_last_mention(experiment, *name) > *experiment.place_of(id)) return std::nullopt;
    Fault fault = lost(experiment, *name, id);
    fault.what = "the select stage does not name " + *name;
    fault.subjects.push_back("select");
    return fault;
  }
  std::vector<std::string> others;
  for (const auto& entry : experiment.keys) {
    if (entry.first != *name) others.push_back(entry.first);
  }
  if (others.empty()) return std::nullopt;
  std::size_t least = 0;
  for (const auto& entry : experiment.keys)
    least = std::max(least, behind_last_mention(experiment, entry.first));
  // All keys have their names behind the last stage that changes names.
  for (std::size_t i = 0; i < experiment.stages.size(); ++i) {
    const std::string& op = experiment.stages[i].op;
    if (op == "drop" || op == "rename") least = std::max(least, i + 1);
  }
  const int id = insert_stage(experiment, any_place_from(experiment, least, draw), "select",
                              {{"keys", texts(others)}});
  Fault fault = lost(experiment, *name, id);
  fault.what = "a select without " + *name;
  fault.subjects.insert(fault.subjects.end(), {"select", "unused"});
  // It asks for all others.
  for (const std::string& other : others) fault.subjects.push_back("key " + other);
  return fault;
}

std::optional<Fault> renamed_away(Experiment& experiment, Draw& draw) {
  const auto name = pick_bound(experiment, draw);
  if (!name) return std::nullopt;
  const std::array<Respelling, 4> ways = {unrelated, typo, other_case, blanks_around};
  const auto other = ways[static_cast<std::size_t>(draw.below(4))](*name, draw);
  if (!other || *other == *name || name_taken(experiment, *other)) return std::nullopt;
  const std::size_t place =
      any_place_from(experiment, behind_last_mention(experiment, *name), draw);
  const int id = insert_stage(experiment, place, "rename", {{"map", text_map({{*name, *other}})}},
                              maybe_one_split(experiment, draw));
  Fault fault = lost(experiment, *name, id);
  fault.what = "a stage renames " + *name + " to \"" + *other + "\"";
  fault.subjects.push_back("key " + *other);
  return fault;
}

/// Keys that a stage needs, with the stage.
std::vector<std::pair<std::size_t, std::string>> needs(const Experiment& experiment) {
  std::vector<std::pair<std::size_t, std::string>> all;
  for (std::size_t i = 0; i < experiment.stages.size(); ++i) {
    for (const Argument& argument : experiment.stages[i].arguments) {
      const std::string& name = argument.name;
      const bool list = name == "keys" || name == "box" || name == "from";
      const bool one =
          name == "from" || name == "key" || name == "label" || name == "source" || name == "mask";
      if (one && argument.value.kind == Value::Kind::kText)
        all.emplace_back(i, argument.value.text);
      for (const std::string& key : argument.value.texts) {
        if (list) all.emplace_back(i, key);
      }
    }
  }
  return all;
}

std::optional<Fault> needed_key_dropped(Experiment& experiment, Draw& draw) {
  const auto all = needs(experiment);
  if (all.empty()) return std::nullopt;
  const auto [place, key] = draw.pick(all);
  const int needing = experiment.stages[place].id;
  // The key is there from the last stage before that mentions it; drop it just before the stage.
  const bool only_here = !experiment.stages[place].only.empty();
  const auto only = experiment.stages[place].only;
  insert_stage(experiment, place, "drop", {{"keys", texts({key})}}, only);
  Fault fault;
  fault.codes = {"K007"};
  fault.keys = {key};
  fault.stages = {needing};
  fault.what = "a stage needs " + key + ", which the stage before it drops";
  fault.subjects = {"key " + key};
  for (const auto& entry : experiment.keys) fault.subjects.push_back("key " + entry.first);
  if (only_here) fault.subjects.push_back("only");
  return fault;
}

/// A stage asks for a key by a wrong name.
std::optional<Fault> stage_key_misspelt(Experiment& experiment, Draw& draw) {
  const auto all = needs(experiment);
  if (all.empty()) return std::nullopt;
  const auto [place, key] = draw.pick(all);
  const std::array<Respelling, 5> ways = {typo, other_case, blanks_around, look_alike,
                                          other_separator};
  const auto wrong = ways[static_cast<std::size_t>(draw.below(5))](key, draw);
  if (!wrong || *wrong == key || name_taken(experiment, *wrong)) return std::nullopt;
  Stage& stage = experiment.stages[place];
  // A drop or select that names a wrong key leaves another one over: two problems.
  if (stage.op == "drop" || stage.op == "select") return std::nullopt;
  for (Argument& argument : stage.arguments) {
    const bool reads = argument.name != "to" && argument.name != "map";
    if (!reads) continue;
    if (argument.value.kind == Value::Kind::kText && argument.value.text == key)
      argument.value.text = *wrong;
    for (std::string& each : argument.value.texts) {
      if (each == key) each = *wrong;
    }
  }
  // In place: what the stage would have made is asked for by its right name.
  Fault fault;
  fault.codes = {"K007"};
  fault.keys = {*wrong};
  fault.stages = {stage.id};
  fault.what = "the stage asks for \"" + *wrong + "\", not " + key;
  fault.subjects = {"key " + key};
  for (const auto& entry : experiment.keys) fault.subjects.push_back("key " + entry.first);
  return fault;
}

std::optional<Fault> written_twice(Experiment& experiment, Draw& draw) {
  std::vector<std::string> names;
  for (const auto& entry : experiment.keys) names.push_back(entry.first);
  if (names.size() < 2) return std::nullopt;
  const std::string from = draw.pick(names);
  const std::string to = draw.pick(names);
  if (from == to) return std::nullopt;
  const std::size_t least =
      std::max(behind_last_mention(experiment, from), behind_last_mention(experiment, to));
  const int id = insert_stage(experiment, any_place_from(experiment, least, draw), "copy",
                              {{"from", text(from)}, {"to", text(to)}});
  Fault fault;
  fault.codes = {"K012"};
  fault.keys = {to};
  fault.stages = {id};
  fault.what = "a stage copies " + from + " to " + to + ", which exists";
  fault.subjects = {"key " + from, "key " + to};
  return fault;
}

std::optional<Fault> unused_copy(Experiment& experiment, Draw& draw) {
  const auto name = pick_bound(experiment, draw);
  if (!name) return std::nullopt;
  std::size_t least = behind_last_mention(experiment, *name);
  if (const auto select = experiment.place_of_op("select")) least = std::max(least, *select + 1);
  const std::string other = draw.pick(unrelated_names());
  if (name_taken(experiment, other)) return std::nullopt;
  const int id =
      insert_stage(experiment, any_place_from(experiment, least, draw), "copy",
                   {{"from", text(*name)}, {"to", text(other)}}, maybe_one_split(experiment, draw));
  Fault fault;
  fault.codes = {"K010"};
  fault.keys = {other};
  fault.stages = {id};
  fault.what = "a stage makes " + other + ", which nothing uses";
  fault.subjects = {"unused", "key " + other, "key " + *name};
  return fault;
}

/// A key that was dropped before stays.
std::optional<Fault> unused_column(Experiment& experiment, Draw& draw) {
  for (Stage& stage : experiment.stages) {
    if (stage.op != "drop") continue;
    auto& keys = stage.find("keys")->value.texts;
    if (keys.size() < 2) continue;
    const std::string key = draw.pick(keys);
    const bool from_source = std::any_of(experiment.columns.begin(), experiment.columns.end(),
                                         [&](const Column& column) { return column.name == key; });
    int maker = from_source ? kSource : kNoStage;
    for (const Stage& each : experiment.stages) {
      const Argument* to = each.find("to");
      if (to != nullptr && to->value.text == key && !from_source) maker = each.id;
    }
    std::erase(keys, key);
    Fault fault;
    fault.codes = {"K010"};
    fault.keys = {key};
    fault.stages = {maker};
    fault.what = "nothing drops " + key + " any more";
    fault.subjects = {"unused", "key " + key};
    return fault;
  }
  return std::nullopt;
}

/// A stage that looks at samples stands behind batch.
std::optional<Fault> behind_batch(Experiment& experiment, Draw& draw) {
  std::vector<std::size_t> samples;
  for (std::size_t i = 0; i < batch_place(experiment).value_or(0); ++i) {
    if (experiment.stages[i].op == "filter") samples.push_back(i);
  }
  if (samples.empty()) return std::nullopt;
  const Stage stage = experiment.stages[draw.pick(samples)];
  const std::string key = stage.find("key")->value.text;
  if (!experiment.keys.contains(key)) return std::nullopt;
  experiment.stages.erase(experiment.stages.begin() +
                          static_cast<std::ptrdiff_t>(*experiment.place_of(stage.id)));
  experiment.stages.insert(
      experiment.stages.begin() + static_cast<std::ptrdiff_t>(*batch_place(experiment)) + 1, stage);
  Fault fault;
  fault.codes = {"A001"};
  fault.keys = {""};
  fault.stages = {stage.id};
  fault.what = "filter stands behind batch";
  fault.subjects = {"batch", "key " + key};
  return fault;
}

std::optional<Fault> batched_twice(Experiment& experiment, Draw& draw) {
  const auto batch = batch_place(experiment);
  if (!batch) return std::nullopt;
  const int id = insert_stage(experiment, any_place_from(experiment, *batch + 1, draw), "batch",
                              {{"size", raw("2")}});
  Fault fault;
  fault.codes = {"A001"};
  fault.keys = {""};
  fault.stages = {id};
  fault.what = "a second batch";
  fault.subjects = {"batch"};
  return fault;
}

constexpr std::array kMutators = {
    Mutator{"dropped", dropped},
    Mutator{"select without the key", not_selected},
    Mutator{"renamed away", renamed_away},
    Mutator{"a needed key is dropped", needed_key_dropped},
    Mutator{"a stage's key is misspelt", stage_key_misspelt},
    Mutator{"written twice", written_twice},
    Mutator{"unused copy", unused_copy},
    Mutator{"unused column", unused_column},
    Mutator{"sample stage behind batch", behind_batch},
    Mutator{"batched twice", batched_twice},
};

}  // namespace

std::span<const Mutator> stage_mutators() { return kMutators; }

}  // namespace tenon::mutation
