#include "train/fit_workbench.hpp"

#include <algorithm>
#include <string_view>

#include "contract/lineage_facts.hpp"
#include "data/change.hpp"
#include "tenon/losses.hpp"
#include "train/interface.hpp"

namespace tenon::train {
namespace {

/// The stage of `other` that stands for stage `index` of `first`: the same place in the source, or
/// the same index and word.
std::optional<std::int64_t> same_stage(const Dataset& first, const Dataset& other,
                                       std::int64_t index) {
  const auto here = first.stages();
  const auto there = other.stages();
  const auto at = static_cast<std::size_t>(index + 1);  // The source stands at 0.
  if (at >= here.size()) return static_cast<std::int64_t>(there.size()) - 1;
  if (at < there.size() && there[at].name == here[at].name) return index;
  for (std::size_t i = 1; i < there.size(); ++i) {
    const bool same = there[i].name == here[at].name &&
                      there[i].location.line == here[at].location.line &&
                      std::string_view(there[i].location.file) == here[at].location.file;
    if (same) return static_cast<std::int64_t>(i) - 1;
  }
  return std::nullopt;
}

bool set_loss(TrainingInterface& interface, const Change& change) {
  const auto* word = std::get_if<std::string>(&change.value.value);
  for (TrainedOutput& output : interface.outputs) {
    if (word == nullptr || output.output.name != change.path.back()) continue;
    take_loss(output, Loss(*word));
    return true;
  }
  return false;
}

bool rename_use(TrainingInterface& interface, const Change& change) {
  for (NameUse& use : interface.uses) {
    if (use.place != change.path[1] || use.name != change.path.back()) continue;
    use.name = change.replacement;
    return true;
  }
  return false;
}

bool rename_monitor(TrainingInterface& interface, const Change& change) {
  bool any = false;
  for (Monitor& monitor : interface.monitors) {
    if (monitor.name != change.text) continue;
    monitor.name = change.replacement;
    any = true;
  }
  return any;
}

/// A change of a setting, applied to the interface and to what the splits are asked for.
bool apply_setting(TrainingInterface& interface, std::vector<contract::Split>& splits,
                   const Change& change) {
  const std::string& place = change.path.size() > 1 ? change.path[1] : change.path.front();
  if (change.kind == Change::Kind::kRenameSetting) return rename_use(interface, change);
  if (place == "callbacks") return rename_monitor(interface, change);
  if (place == "loss") return set_loss(interface, change);
  if (place == "ignore_keys") {
    for (const ArgumentValue& key : std::get<ArgumentValue::List>(change.value.value))
      interface.ignored_keys.push_back(std::get<std::string>(key.value));
    return true;
  }
  if (place == "sample_weight") {
    for (auto& [output, key] : interface.sample_weights) {
      if (output == change.path.back()) key = std::get<std::string>(change.value.value);
    }
    return true;
  }
  const auto* steps = std::get_if<std::int64_t>(&change.value.value);
  for (contract::Split& split : splits) {
    const bool meant = (place == "steps_per_epoch") == (split.name == "train");
    if (steps != nullptr && meant) split.steps = *steps;
  }
  return steps != nullptr;
}

}  // namespace

FitWorkbench::FitWorkbench(const TrainingInterface& interface,
                           std::span<const contract::Split> splits)
    : interface_(interface), splits_(splits.begin(), splits.end()) {
  speaks_toml_ = std::ranges::any_of(splits_, [](const contract::Split& split) {
    return contract::is_of_experiment_file(*split.dataset);
  });
}

std::vector<contract::Workbench::Trial> FitWorkbench::attempt(const Change& change,
                                                              const Diagnostic& problem) {
  TrainingInterface interface = interface_;
  std::vector<contract::Split> splits = splits_;
  std::vector<std::optional<Dataset>> changed(splits.size());
  if (!change.path.empty()) {
    if (!apply_setting(interface, splits, change)) return {};
  } else {
    const auto first = std::ranges::find_if(splits, [&](const contract::Split& split) {
      return problem.datasets.empty() || split.name == problem.datasets.front();
    });
    if (first == splits.end()) return {};
    const Dataset& original = *first->dataset;
    for (std::size_t i = 0; i < splits.size(); ++i) {
      if (!problem.datasets.empty() && !std::ranges::count(problem.datasets, splits[i].name))
        continue;
      Change own = change;
      const auto stage = same_stage(original, *splits_[i].dataset, change.stage);
      if (!stage) return {};
      own.stage = *stage;
      changed[i] = data::with_change(*splits_[i].dataset, own);
      if (!changed[i]) return {};
      splits[i].dataset = &*changed[i];
    }
  }
  return {Trial{contract::check(interface, splits), {}}};
}

std::vector<Diagnostic> with_fixes(std::vector<Diagnostic> problems,
                                   const TrainingInterface& interface,
                                   std::span<const contract::Split> splits) {
  FitWorkbench workbench(interface, splits);
  contract::offer_fixes(problems, interface, splits, workbench);
  return problems;
}

}  // namespace tenon::train
