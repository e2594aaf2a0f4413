// What may mend a key that is missing where the model or the training wants it.
#include <algorithm>

#include "contract/change_makers.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/missing.hpp"
#include "contract/remedies.hpp"

namespace tenon::contract {
namespace {

/// The missing wishes that `problem` tells of.
std::vector<Missing> missing_of(const Diagnostic& problem, const Split& split, const Join& joined) {
  std::vector<Missing> all = find_missing(split, joined);
  std::erase_if(all, [&](const Missing& missing) {
    return missing.code != problem.code ||
           std::none_of(problem.keys.begin(), problem.keys.end(), [&](const KeyReport& key) {
             return key.key == missing.wish->port && key.role == missing.wish->role;
           });
  });
  return all;
}

/// Every offered key gets the name that is missing, in one stage.
void add_rename(std::vector<Change>& changes, const std::vector<Missing>& group,
                const Split& split) {
  KeyMap map;
  const Schema& schema = split.dataset->schema();
  for (const Missing& missing : group) {
    if (missing.end && missing.end->action == LineageAction::kRenamed) {
      if (schema.contains(missing.end->key)) map.emplace_back(missing.end->key, missing.wish->name);
    } else if (missing.candidate) {
      map.emplace_back(schema[missing.candidate->slot].key, missing.wish->name);
    }
  }
  if (!map.empty()) changes.push_back(insert_rename(place_at_end(*split.dataset), map));
}

/// Keys that one select, drop or rename ended are kept there.
void add_keeping(std::vector<Change>& changes, const std::vector<Missing>& group,
                 const Lineage& lineage) {
  if (!group.front().end) return;
  std::vector<std::string> names;
  const StageReference stage = group.front().end->stage;
  for (const Missing& missing : group) {
    if (missing.end && missing.end->stage.index == stage.index) names.push_back(missing.wish->name);
  }
  for (Change& change : keep_keys(lineage, stage, names)) changes.push_back(std::move(change));
}

/// The stage that gave the one offered key its name gives it the right one.
Change rename_at_maker(const Missing& missing, const Split& split, const StageReference& maker) {
  return replace_text(split.dataset->lineage(), maker,
                      split.dataset->schema()[missing.candidate->slot].key, missing.wish->name);
}

void add_candidates(std::vector<Change>& changes, const std::vector<Missing>& group,
                    const Split& split) {
  std::optional<Change> at_maker;
  bool by_rename = false;
  if (group.size() == 1 && group.front().candidate && !group.front().end) {
    const std::string& key = split.dataset->schema()[group.front().candidate->slot].key;
    const auto named = how_it_was_named(split.dataset->lineage(), key);
    if (named && named->stage.index >= 0) {
      at_maker = rename_at_maker(group.front(), split, named->stage);
      by_rename = named->stage.name == "rename";
    }
  }
  if (at_maker && by_rename) changes.push_back(*at_maker);
  add_rename(changes, group, split);
  if (at_maker && !by_rename) changes.push_back(std::move(*at_maker));
}

/// Sample weights are named twice: by the data and in the training's own setting.
void add_weight_settings(std::vector<Change>& changes, const std::vector<Missing>& group,
                         const Split& split) {
  for (const Missing& missing : group) {
    if (missing.wish->role != Role::kWeight || !missing.candidate) continue;
    changes.push_back(set_setting({"fit", "sample_weight", missing.wish->port},
                                  {split.dataset->schema()[missing.candidate->slot].key, 0}));
  }
}

}  // namespace

std::vector<Change> key_remedies(const Diagnostic& problem, const RemedyContext& context) {
  const Split& split = context.split;
  const Join joined = join(context.interface, split.dataset->schema());
  const std::vector<Missing> group = missing_of(problem, split, joined);
  std::vector<Change> changes;
  if (group.empty()) return changes;
  add_weight_settings(changes, group, split);
  add_keeping(changes, group, split.dataset->lineage());
  add_candidates(changes, group, split);
  return changes;
}

}  // namespace tenon::contract
