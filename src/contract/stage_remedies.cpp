// What may mend a stage that cannot do its work (K007, K012), and a key that nothing uses (K010).
#include <algorithm>

#include "contract/change_makers.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/remedies.hpp"

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
  if (const auto loss = loss_before(lineage, key.key, stage.index)) {
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
  return {insert_stage(place_at_end(*context.split.dataset), "drop", {{"keys", text_list(names)}}),
          set_setting({"fit", "ignore_keys"}, text_list(ignored))};
}

}  // namespace

std::vector<Change> stage_remedies(const Diagnostic& problem, const RemedyContext& context) {
  if (problem.code == "K007") return missing_at_stage(problem, context.split);
  if (problem.code == "K012") return made_twice(problem);
  const bool all_there = !problem.keys.empty() &&
                         std::all_of(problem.keys.begin(), problem.keys.end(),
                                     [](const KeyReport& key) { return key.actual.has_value(); });
  const bool names_data = problem.code == "K010" || problem.code == "K011";
  return names_data && all_there ? unused(problem, context) : std::vector<Change>();
}

}  // namespace tenon::contract
