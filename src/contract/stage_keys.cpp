#include "contract/stage_keys.hpp"

#include <algorithm>
#include <set>

#include "contract/assignment.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/pairing.hpp"
#include "core/key_error.hpp"
#include "data/key_loss.hpp"

namespace tenon::contract {
namespace {

constexpr std::int64_t kUsedElsewhere = 1;
constexpr std::int64_t kUsedBySameStage = 100'000;

using Names = std::set<std::string>;

/// The keys that a stage works on or asks for, as they are called in front of it.
Names keys_used_by(const Lineage& lineage, std::int64_t stage) {
  Names names;
  for (const LineageUse& use : lineage.uses) {
    if (use.stage.index == stage) names.insert(use.key);
  }
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.index != stage || only_stacks(event)) continue;
    if (event.action == LineageAction::kChanged) names.insert(event.key);
    if (!event.previous.empty()) names.insert(event.previous);
  }
  return names;
}

Names all_used(const Split& split, const Join& joined) {
  const Lineage& lineage = split.dataset->lineage();
  Names names;
  for (const LineageStage& stage : lineage.stages)
    names.merge(keys_used_by(lineage, stage.stage.index));
  for (const Wanted& wish : joined.wanted) {
    if (wish.slot) names.insert(split.dataset->schema()[*wish.slot].key);
  }
  return names;
}

/// A missing key, and the best of those that are used by others too: it may serve any number.
struct Row {
  Diagnostic* problem;
  std::string key;
  std::vector<std::string> there;  ///< The keys that exist in front of the stage.
  std::string used;
  std::int64_t used_cost = kNoPair;
};

bool misses_a_key(const Diagnostic& problem, const Lineage& lineage) {
  return problem.code == "K007" && problem.stage && problem.stage->index >= 0 &&
         problem.keys.size() == 1 &&
         data::find_loss(lineage, problem.keys.front().key, problem.stage->index) == nullptr;
}

Row row_of(Diagnostic& problem, const Lineage& lineage, const Names& used) {
  const std::int64_t stage = problem.stage->index;
  Row row{&problem, problem.keys.front().key, keys_behind(lineage, stage - 1), {}, kNoPair};
  const Names own = keys_used_by(lineage, stage);
  for (const std::string& key : row.there) {
    const std::int64_t cost = name_cost(row.key, key);
    if (cost == kNoPair || !used.contains(key)) continue;
    const std::int64_t whole = cost + (own.contains(key) ? kUsedBySameStage : kUsedElsewhere);
    if (whole >= row.used_cost) continue;
    row.used = key;
    row.used_cost = whole;
  }
  return row;
}

std::vector<std::string> free_keys(const std::vector<Row>& rows, const Names& used) {
  std::vector<std::string> free;
  for (const Row& row : rows) {
    for (const std::string& key : row.there) {
      const bool known = std::find(free.begin(), free.end(), key) != free.end();
      if (!known && !used.contains(key)) free.push_back(key);
    }
  }
  return free;
}

}  // namespace

void pair_stage_keys(std::vector<Diagnostic>& problems, const Split& split, const Join& joined) {
  const Lineage& lineage = split.dataset->lineage();
  const Names used = all_used(split, joined);
  std::vector<Row> rows;
  for (Diagnostic& problem : problems) {
    if (misses_a_key(problem, lineage)) rows.push_back(row_of(problem, lineage, used));
  }
  if (rows.empty()) return;
  const std::vector<std::string> free = free_keys(rows, used);
  // Behind the free keys each row has a column for its used one, and one for none at all.
  std::vector<std::vector<std::int64_t>> costs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::int64_t> row(free.size() + 2 * rows.size(), kNoPair);
    for (std::size_t column = 0; column < free.size(); ++column) {
      const auto& there = rows[i].there;
      if (std::find(there.begin(), there.end(), free[column]) != there.end())
        row[column] = name_cost(rows[i].key, free[column]);
    }
    row[free.size() + i] = rows[i].used_cost;
    costs.push_back(std::move(row));
  }
  const std::vector<int> columns = assign(costs);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto column = static_cast<std::size_t>(columns[i]);
    if (costs[i][column] >= kNoPair) continue;
    const std::string& nearest = column < free.size() ? free[column] : rows[i].used;
    if (nearest != rows[i].problem->candidate)
      offer_nearest(*rows[i].problem, rows[i].key, nearest);
  }
}

}  // namespace tenon::contract
