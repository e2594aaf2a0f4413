#include "data/change.hpp"

#include <algorithm>

#include "data/pipeline.hpp"
#include "data/registry.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

const StageEntry* find_entry(const std::string& op) {
  const auto& entries = stage_entries();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const StageEntry& entry) { return entry.op == op; });
  return found == entries.end() ? nullptr : &*found;
}

Dataset with_new_stage(const Dataset& dataset, const Change& change, SourceLocation location) {
  return find_entry(change.op)->apply(dataset, change.arguments, location);
}

/// The stages in the order that the change gives them.
std::vector<std::shared_ptr<const Stage>> moved(const Pipeline& pipeline, const Change& change) {
  std::vector<std::shared_ptr<const Stage>> stages;
  for (const PlacedStage& placed : pipeline.stages()) stages.push_back(placed.stage);
  const auto place = stages.begin() + change.place;
  std::rotate(place, stages.begin() + change.stage, stages.begin() + change.stage + 1);
  return stages;
}

Dataset rebuilt(const Pipeline& pipeline, const Change& change) {
  Dataset dataset = Dataset::from_source(pipeline.source());
  if (change.kind == Change::Kind::kMoveStage) {
    for (const auto& stage : moved(pipeline, change)) dataset = dataset.stage(stage);
    return dataset.on_bad_sample(pipeline.bad_samples()).with_options(pipeline.options());
  }
  const auto& stages = pipeline.stages();
  const bool inserts = change.kind == Change::Kind::kInsertStage;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const bool here = static_cast<std::int64_t>(i) == change.stage;
    if (here && inserts) dataset = with_new_stage(dataset, change, {});
    if (here && !inserts) {
      if (change.kind == Change::Kind::kRemoveStage) continue;
      dataset = with_new_stage(dataset, change, stages[i].reference.location);
    } else {
      dataset = dataset.stage(stages[i].stage);
    }
  }
  if (inserts && change.stage >= static_cast<std::int64_t>(stages.size()))
    dataset = with_new_stage(dataset, change, {});
  return dataset.on_bad_sample(pipeline.bad_samples()).with_options(pipeline.options());
}

bool is_applicable(const Pipeline& pipeline, const Change& change) {
  if (!change.path.empty() || change.stage < 0) return false;
  if (change.kind == Change::Kind::kInsertStage) return find_entry(change.op) != nullptr;
  if (change.stage >= static_cast<std::int64_t>(pipeline.stages().size())) return false;
  if (change.kind == Change::Kind::kRemoveStage) return true;
  if (change.kind == Change::Kind::kMoveStage)
    return change.place >= 0 && change.place < change.stage;
  return !change.arguments.empty() && find_entry(change.op) != nullptr;
}

}  // namespace

std::optional<Dataset> with_change(const Dataset& dataset, const Change& change) {
  const Pipeline& pipeline = *dataset.pipeline();
  if (!is_applicable(pipeline, change)) return std::nullopt;
  try {
    return rebuilt(pipeline, change);
  } catch (const ContractError&) {
    return std::nullopt;  // Arguments that cannot work.
  }
}

}  // namespace tenon::data
