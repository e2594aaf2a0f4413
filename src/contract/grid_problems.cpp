#include "contract/grid_problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/lineage_facts.hpp"
#include "core/key_error.hpp"

namespace tenon::contract {
namespace {

/// The last stage that changed the grid of `key`.
std::optional<StageReference> who_moved(const Lineage& lineage, const std::string& key) {
  std::optional<StageReference> found;
  for (const LineageEvent& event : lineage.of(key)) {
    const bool changed = event.action == LineageAction::kChanged && event.before && event.after &&
                         event.before->geometry != event.after->geometry;
    if (changed) found = event.stage;
  }
  return found;
}

Diagnostic problem_of(const Split& split, const Field& a, const Field& b,
                      const GridDifference& difference) {
  Diagnostic out =
      make_diagnostic("S008", fmt::format("{} and {} must share a grid: {}", quote_key(a.key),
                                          quote_key(b.key), difference.to_string()));
  const Lineage& lineage = split.dataset->lineage();
  for (const Field* field : {&a, &b}) {
    const auto mover = who_moved(lineage, field->key);
    if (mover) {
      out.stage = mover;
      out.notes.push_back(
          fmt::format("{} was last moved by {}", quote_key(field->key), stage_text(*mover)));
    }
    out.keys.push_back({field->key, Role::kInput, std::nullopt, field->spec, mover});
  }
  if (!out.stage) {
    const auto maker = how_it_was_made(lineage, b.key);
    if (maker) out.stage = maker->stage;
  }
  Fix fix;
  fix.text = fmt::format("resample one of them onto the grid of the other before this stage");
  out.fixes.push_back(std::move(fix));
  return out;
}

}  // namespace

std::vector<Diagnostic> grid_problems(const TrainingInterface& interface, const Split& split) {
  std::vector<Diagnostic> problems;
  const Schema& schema = split.dataset->schema();
  for (const auto& group : interface.same_grid) {
    const Field* first = nullptr;
    for (const std::string& key : group) {
      const auto slot = schema.find(key);
      if (!slot) problems.push_back(missing_key(key, schema.keys(), "same_grid"));
      if (!slot || !schema[*slot].spec.geometry) continue;
      if (first == nullptr) {
        first = &schema[*slot];
        continue;
      }
      const GridDifference difference =
          difference_of(*first->spec.geometry, *schema[*slot].spec.geometry);
      if (difference.any())
        problems.push_back(problem_of(split, *first, schema[*slot], difference));
    }
  }
  return problems;
}

}  // namespace tenon::contract
