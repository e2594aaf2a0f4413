#include "contract/change_makers.hpp"

#include <algorithm>

#include "contract/lineage_facts.hpp"

namespace tenon::contract {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> removed_at(const Lineage& lineage, std::int64_t index) {
  std::vector<std::string> keys;
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.index == index && event.action == LineageAction::kRemoved)
      keys.push_back(event.key);
  }
  return keys;
}

KeyMap renamed_at(const Lineage& lineage, std::int64_t index) {
  KeyMap map;
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.index == index && event.action == LineageAction::kRenamed)
      map.emplace_back(event.previous, event.key);
  }
  return map;
}

ArgumentValue map_value(const KeyMap& map) {
  ArgumentMap value;
  for (const auto& [from, to] : map) value.emplace_back(from, ArgumentValue{to, 0});
  return {std::move(value), 0};
}

Change change_of(Change::Kind kind, const StageReference& stage) {
  Change change;
  change.kind = kind;
  change.stage = stage.index;
  change.op = stage.name;
  return change;
}

Change keep_in_select(const Lineage& lineage, const StageReference& stage,
                      const std::vector<std::string>& keys) {
  Change change = change_of(Change::Kind::kAddItems, stage);
  change.argument = "keys";
  change.items = keys;
  std::vector<std::string> all = keys_behind(lineage, stage.index);
  all.insert(all.end(), keys.begin(), keys.end());
  change.arguments = {{"keys", text_list(all)}};
  return change;
}

Change take_out(const StageReference& stage, std::string argument,
                const std::vector<std::string>& items, ArgumentValue rest) {
  Change change = change_of(Change::Kind::kRemoveItems, stage);
  change.argument = std::move(argument);
  change.items = items;
  change.arguments = {{change.argument, std::move(rest)}};
  return change;
}

}  // namespace

std::vector<StageReference> stages_of(const Dataset& dataset) {
  std::vector<StageReference> stages = dataset.stages();
  stages.erase(stages.begin());
  return stages;
}

std::int64_t place_before_batch(const Dataset& dataset) {
  const auto stages = stages_of(dataset);
  const auto batch = std::find_if(stages.begin(), stages.end(),
                                  [](const StageReference& s) { return s.name == "batch"; });
  return batch == stages.end() ? place_at_end(dataset) : batch - stages.begin();
}

std::int64_t place_at_end(const Dataset& dataset) {
  const auto stages = stages_of(dataset);
  auto place = static_cast<std::int64_t>(stages.size());
  while (place > 0 && stages[static_cast<std::size_t>(place - 1)].name == "prefetch") --place;
  return place;
}

Change insert_stage(std::int64_t place, std::string op, ArgumentMap arguments) {
  Change change;
  change.kind = Change::Kind::kInsertStage;
  change.stage = place;
  change.op = std::move(op);
  change.arguments = std::move(arguments);
  return change;
}

Change insert_rename(std::int64_t place, const KeyMap& map) {
  return insert_stage(place, "rename", {{"map", map_value(map)}});
}

Change remove_stage(const StageReference& stage) {
  return change_of(Change::Kind::kRemoveStage, stage);
}

Change move_stage(const StageReference& stage, std::int64_t place) {
  Change change = change_of(Change::Kind::kMoveStage, stage);
  change.place = place;
  return change;
}

Change set_argument(const StageReference& stage, std::string argument, ArgumentValue value) {
  Change change = change_of(Change::Kind::kSetArgument, stage);
  change.argument = std::move(argument);
  change.value = std::move(value);
  return change;
}

Change replace_text(const Lineage& lineage, const StageReference& stage, const std::string& text,
                    const std::string& replacement) {
  Change change = change_of(Change::Kind::kReplaceText, stage);
  change.text = text;
  change.replacement = replacement;
  if (stage.name == "rename") {
    KeyMap map = renamed_at(lineage, stage.index);
    for (auto& [from, to] : map) {
      if (from == text) from = replacement;
      if (to == text) to = replacement;
    }
    change.arguments = {{"map", map_value(map)}};
  }
  return change;
}

Change set_setting(std::vector<std::string> path, ArgumentValue value) {
  Change change;
  change.kind = Change::Kind::kSetting;
  change.path = std::move(path);
  change.value = std::move(value);
  return change;
}

std::vector<Change> keep_keys(const Lineage& lineage, const StageReference& stage,
                              const std::vector<std::string>& keys) {
  if (stage.name == "select") return {keep_in_select(lineage, stage, keys)};
  if (stage.name == "drop") {
    std::vector<std::string> rest = removed_at(lineage, stage.index);
    std::erase_if(rest, [&](const std::string& key) { return contains(keys, key); });
    if (rest.empty()) return {remove_stage(stage)};
    return {take_out(stage, "keys", keys, text_list(rest))};
  }
  if (stage.name == "rename") {
    KeyMap rest = renamed_at(lineage, stage.index);
    std::erase_if(rest, [&](const auto& pair) { return contains(keys, pair.first); });
    if (rest.empty()) return {remove_stage(stage)};
    return {take_out(stage, "map", keys, map_value(rest))};
  }
  return {};
}

}  // namespace tenon::contract
