// What may mend the training's own words: names of outputs, monitors, numbers of steps.
#include <fmt/format.h>

#include <algorithm>

#include "contract/change_makers.hpp"
#include "contract/remedies.hpp"
#include "core/text_distance.hpp"

namespace tenon::contract {
namespace {

/// K011 of a key of loss, metrics, class_weight …: the outputs that this place does not name yet,
/// the nearest first.
std::vector<Change> other_output(const Diagnostic& problem, const TrainingInterface& interface) {
  if (problem.setting.size() != 2) return {};
  const std::string& place = problem.setting.front();
  const std::string& name = problem.setting.back();
  std::vector<std::string> free;
  for (const TrainedOutput& output : interface.outputs) {
    const bool named =
        std::any_of(interface.uses.begin(), interface.uses.end(), [&](const NameUse& other) {
          return other.place == place && other.name == output.output.name;
        });
    if (!named) free.push_back(output.output.name);
  }
  const auto nearest = nearest_name(name, free);
  if (!nearest && free.size() != 1) return {};
  Change change;
  change.kind = Change::Kind::kRenameSetting;
  change.path = {"fit", place, name};
  change.replacement = nearest.value_or(free.front());
  return {std::move(change)};
}

/// C002: the nearest name that is logged; without val_ where nothing is validated.
std::vector<Change> other_monitor(const Diagnostic& problem, const TrainingInterface& interface) {
  if (problem.keys.empty()) return {};
  const std::string& monitor = problem.keys.front().key;
  const auto& names = interface.log_names;
  std::vector<std::string> candidates;
  if (monitor.starts_with("val_")) candidates.push_back(monitor.substr(4));
  if (!problem.candidate.empty()) candidates.insert(candidates.begin(), problem.candidate);
  candidates.emplace_back("val_loss");
  candidates.emplace_back("loss");
  std::vector<Change> changes;
  for (const std::string& candidate : candidates) {
    if (std::find(names.begin(), names.end(), candidate) == names.end()) continue;
    Change change;
    change.kind = Change::Kind::kReplaceText;
    change.stage = -1;
    change.path = {"fit", "callbacks"};
    change.text = monitor;
    change.replacement = candidate;
    changes.push_back(std::move(change));
  }
  return changes;
}

/// G001: as many steps as there are batches, or the data again and again.
std::vector<Change> other_steps(const Split& split) {
  std::vector<Change> changes;
  const std::string setting = split.name == "validation" ? "validation_steps" : "steps_per_epoch";
  const Cardinality cardinality = split.dataset->cardinality();
  const auto stages = stages_of(*split.dataset);
  if (cardinality.kind == Cardinality::Kind::kInfinite || cardinality.count == 0) {
    const bool infinite = cardinality.kind == Cardinality::Kind::kInfinite;
    for (const StageReference& stage : stages) {
      if (infinite ? stage.name == "repeat" : stage.name == "skip" || stage.name == "take")
        changes.push_back(remove_stage(stage));
      if (!infinite && stage.name == "batch")
        changes.push_back(set_argument(stage, "drop_remainder", {false, 0}));
    }
    return changes;
  }
  changes.push_back(insert_stage(place_at_end(*split.dataset), "repeat", {}));
  const std::int64_t passes = split.continues ? std::max<std::int64_t>(split.epochs, 1) : 1;
  const std::int64_t fitting = cardinality.count / passes;
  if (fitting > 0) changes.push_back(set_setting({"fit", setting}, {fitting, 0}));
  return changes;
}

}  // namespace

std::vector<Change> setting_remedies(const Diagnostic& problem, const RemedyContext& context) {
  if (problem.code == "K011") return other_output(problem, context.interface);
  if (problem.code == "C002") return other_monitor(problem, context.interface);
  if (problem.code == "G001") return other_steps(context.split);
  return {};
}

}  // namespace tenon::contract
