#include "cli/toml_workbench.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

/// Where stage `index` of a split stands in the file; behind the last for the split's end.
std::size_t place_in_file(const Experiment& experiment, const std::string& split,
                          std::int64_t index) {
  for (std::size_t place = 0; place < experiment.stages.size(); ++place) {
    if (!experiment.stages[place].is_for(split)) continue;
    if (index == 0) return place;
    --index;
  }
  return experiment.stages.size();
}

ArgumentMap stage_of(const Change& change, const std::vector<std::string>& only) {
  ArgumentMap stage{{"op", {change.op, 0}}};
  stage.insert(stage.end(), change.arguments.begin(), change.arguments.end());
  if (!only.empty()) stage.emplace_back("only", text_list(only));
  return stage;
}

template <class Version>
void add(std::vector<Version>& versions, std::optional<std::string> text, std::string told = {}) {
  if (text) versions.push_back({std::move(*text), std::move(told)});
}

template <class Version>
std::vector<Version> setting_versions(const TomlEditor& editor, const Change& change) {
  std::vector<Version> versions;
  if (change.kind == Change::Kind::kSetting) {
    add(versions, editor.set_setting(change.path, change.value));
  } else if (change.kind == Change::Kind::kRenameSetting) {
    add(versions, editor.rename_setting(change.path, change.replacement));
  } else {
    add(versions, editor.replace_setting(change.path, change.text, change.replacement));
  }
  return versions;
}

std::string trimmed(std::string text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return {};
  text.erase(text.find_last_not_of(" \t\n,") + 1);
  return text.substr(begin);
}

}  // namespace

std::vector<TomlWorkbench::Version> TomlWorkbench::insertions(
    const Change& change, const std::vector<std::string>& splits, std::size_t place) const {
  std::vector<Version> versions;
  // A batch stage that other splits have already is given to those of the problem too.
  for (std::size_t i = 0; change.op == "batch" && i < experiment_.stages.size(); ++i) {
    const StageTable& stage = experiment_.stages[i];
    const bool other = stage.op == change.op &&
                       std::none_of(splits.begin(), splits.end(),
                                    [&](const std::string& split) { return stage.is_for(split); });
    if (!other) continue;
    add(versions, editor_.add_items(i, "only", splits),
        fmt::format("add {} to only of the {} at line {}", list_names(splits), stage.op,
                    stage.line));
  }
  add(versions, editor_.insert_stage(place, stage_of(change, {})));
  if (splits.size() < experiment_.splits.size())
    add(versions, editor_.insert_stage(place, stage_of(change, splits)));
  return versions;
}

std::vector<TomlWorkbench::Version> TomlWorkbench::versions_of(const Change& change,
                                                               const Diagnostic& problem) const {
  if (!change.path.empty()) return setting_versions<Version>(editor_, change);
  if (problem.datasets.empty()) return {};
  const std::size_t place =
      place_in_file(experiment_, problem.datasets.front(), std::max<std::int64_t>(change.stage, 0));
  std::vector<Version> versions;
  switch (change.kind) {
    case Change::Kind::kInsertStage:
      return insertions(change, problem.datasets, place);
    case Change::Kind::kRemoveStage:
      add(versions, editor_.remove_stage(place));
      break;
    case Change::Kind::kMoveStage:
      add(versions, editor_.move_stage(
                        place, place_in_file(experiment_, problem.datasets.front(), change.place)));
      break;
    case Change::Kind::kSetArgument:
      add(versions, editor_.set_argument(place, change.argument, change.value));
      break;
    case Change::Kind::kAddItems:
      add(versions, editor_.add_items(place, change.argument, change.items));
      break;
    case Change::Kind::kRemoveItems:
      add(versions, editor_.remove_items(place, change.argument, change.items));
      break;
    default:
      add(versions, editor_.replace_text(place, change.text, change.replacement));
  }
  return versions;
}

std::vector<contract::Workbench::Trial> TomlWorkbench::attempt(const Change& change,
                                                               const Diagnostic& problem) {
  std::vector<Trial> trials;
  for (const auto& [text, told] : versions_of(change, problem)) {
    try {
      Trial trial;
      trial.problems = checker_.check(text)->check.problems;
      trial.fix.text = told;
      trial.fix.edit = edit_between(text_, text, experiment_.file);
      trial.fix.toml = trimmed(trial.fix.edit->replacement);
      trials.push_back(std::move(trial));
    } catch (const Error&) {
      continue;  // A change that makes the file unreadable mends nothing.
    }
  }
  return trials;
}

}  // namespace tenon::cli
