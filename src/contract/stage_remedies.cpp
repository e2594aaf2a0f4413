// What may mend a stage that cannot do its work (K007, K012), and a key that nothing uses (K010).
#include <algorithm>

#include "contract/change_makers.hpp"
#include "contract/column_problems.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/remedies.hpp"
#include "data/key_loss.hpp"
#include "data/pipeline.hpp"

namespace tenon::contract {
namespace {

/// K007: the stage is told the key's present name, or the key is kept, or named before the stage.
std::vector<Change> missing_at_stage(const Diagnostic& problem, const Split& split) {
  std::vector<Change> changes;
  if (!problem.stage || problem.keys.empty()) return changes;
  const Lineage& lineage = split.dataset->lineage();
  const StageReference& stage = *problem.stage;
  const KeyReport& key = problem.keys.front();
  std::string present = problem.candidate;
  std::vector<Change> keeping;
  if (const LineageEvent* loss = data::find_loss(lineage, key.key, stage.index)) {
    keeping = keep_keys(lineage, loss->stage, {key.key});
    if (loss->action == LineageAction::kRenamed) present = loss->key;
  }
  if (!present.empty()) {
    changes.push_back(replace_text(lineage, stage, key.key, present));
    changes.back().arguments.clear();  // Of a stage that did nothing the lineage knows nothing.
  }
  std::move(keeping.begin(), keeping.end(), std::back_inserter(changes));
  if (!present.empty()) {
    const auto maker = how_it_was_named(lineage, present);
    if (maker && maker->stage.index >= 0 && maker->stage.index < stage.index)
      changes.push_back(replace_text(lineage, maker->stage, present, key.key));
    changes.push_back(insert_rename(stage.index, {{present, key.key}}));
  }
  Change without;
  without.kind = Change::Kind::kRemoveItems;
  without.stage = stage.index;
  without.op = stage.name;
  without.argument = stage.name == "rename" ? "map" : "keys";
  without.items = {key.key};
  changes.push_back(std::move(without));
  changes.push_back(remove_stage(stage));
  return changes;
}

/// K012: one of the two makers goes.
std::vector<Change> made_twice(const Diagnostic& problem) {
  std::vector<Change> changes;
  if (!problem.stage || problem.keys.empty() || problem.stage->index < 0) return changes;
  const KeyReport& key = problem.keys.front();
  const bool same_word = key.stage && key.stage->name == problem.stage->name;
  if (same_word) changes.push_back(remove_stage(*problem.stage));
  changes.push_back(insert_stage(problem.stage->index, "drop", {{"keys", text_list({key.key})}}));
  if (!same_word) changes.push_back(remove_stage(*problem.stage));
  if (key.stage && key.stage->index >= 0 && key.stage->index != problem.stage->index)
    changes.push_back(remove_stage(*key.stage));
  return changes;
}

/// K010, and targets that belong to no output: dropped, or listed as ignored.
std::vector<Change> unused(const Diagnostic& problem, const RemedyContext& context) {
  std::vector<std::string> names;
  for (const KeyReport& key : problem.keys) names.push_back(key.key);
  std::vector<std::string> ignored = context.interface.ignored_keys;
  ignored.insert(ignored.end(), names.begin(), names.end());
  // Before samples are put together: those of a key that nobody uses may differ in size.
  return {insert_stage(place_before_batch(*context.split.dataset), "drop",
                       {{"keys", text_list(names)}}),
          set_setting({"fit", "ignore_keys"}, text_list(ignored))};
}

/// Classes that `encode` does not list: they are added to the list, or samples of them left out,
/// which comes first where they look like a listed one.
std::vector<Change> other_classes(const Diagnostic& problem, const Split& split) {
  const StageReference& stage = *problem.stage;
  const std::string& from = problem.keys.front().key;
  const auto& placed = split.dataset->pipeline()->stages()[static_cast<std::size_t>(stage.index)];
  const auto taken = placed.stage->taken_values();
  const auto& events = split.dataset->lineage().events;
  const auto made = std::ranges::find_if(
      events, [&](const LineageEvent& event) { return event.stage.index == stage.index; });
  if (taken.empty() || made == events.end()) return {};
  Change add;
  add.kind = Change::Kind::kAddItems;
  add.stage = stage.index;
  add.op = stage.name;
  add.argument = "classes";
  add.items = texts_not_taken(split, stage.index);
  std::vector<std::string> all = taken.front().texts;
  all.insert(all.end(), add.items.begin(), add.items.end());
  add.arguments = {{"from", {from, 0}}, {"to", {made->key, 0}}, {"classes", text_list(all)}};
  Change leave_out = insert_stage(stage.index, "filter",
                                  {{"key", {from, 0}}, {"in", text_list(taken.front().texts)}});
  if (add.items.empty()) return {std::move(leave_out)};
  if (problem.candidate.empty()) return {std::move(add), std::move(leave_out)};
  return {std::move(leave_out), std::move(add)};
}

/// A stage that cannot take what it gets (a batch where it wants samples, ids beyond its depth):
/// it moves before the batch, is told another size, or goes.
std::vector<Change> unfit_stage(const Diagnostic& problem, const Split& split) {
  std::vector<Change> changes;
  const Dataset& dataset = *split.dataset;
  const StageReference& stage = *problem.stage;
  const std::int64_t batch = place_before_batch(dataset);
  const auto stages = stages_of(dataset);
  const bool batches =
      batch < stage.index && stages[static_cast<std::size_t>(batch)].name == "batch";
  if (batches && stage.name != "batch") changes.push_back(move_stage(stage, batch));
  if (stage.name == "one_hot") {
    for (const LineageEvent& event : dataset.lineage().events) {
      if (event.stage.index != stage.index || !event.before || !event.before->range) continue;
      const auto classes = static_cast<std::int64_t>(event.before->range->high) + 1;
      changes.push_back(set_argument(stage, "depth", {classes, 0}));
    }
  }
  if (stage.name == "encode" && problem.code == "D002") return other_classes(problem, split);
  changes.push_back(remove_stage(stage));
  if (batches && stage.name == "batch")
    changes.push_back(remove_stage(stages[static_cast<std::size_t>(batch)]));
  return changes;
}

bool is_of_a_stage(const Diagnostic& problem) {
  if (!problem.stage || problem.stage->index < 0 || problem.code.front() == 'K') return false;
  return std::all_of(problem.keys.begin(), problem.keys.end(),
                     [](const KeyReport& key) { return key.role == Role::kData; });
}

}  // namespace

std::vector<Change> stage_remedies(const Diagnostic& problem, const RemedyContext& context) {
  if (problem.code == "K007") return missing_at_stage(problem, context.split);
  if (problem.code == "K012") return made_twice(problem);
  if (is_of_a_stage(problem)) return unfit_stage(problem, context.split);
  const bool all_there = !problem.keys.empty() &&
                         std::all_of(problem.keys.begin(), problem.keys.end(),
                                     [](const KeyReport& key) { return key.actual.has_value(); });
  const bool names_data = problem.code == "K010" || problem.code == "K011";
  return names_data && all_there ? unused(problem, context) : std::vector<Change>();
}

}  // namespace tenon::contract
