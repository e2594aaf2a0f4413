// Words of the experiment file that do not exist.
#include <algorithm>
#include <array>

#include "fault.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

Fault about_file(const std::string& wrong, const std::string& right,
                 std::vector<std::string> places) {
  Fault fault;
  fault.codes = {"C001"};
  fault.keys = {"", wrong, right};
  fault.stages = {kAnyStage};
  fault.places = std::move(places);
  fault.what = "\"" + wrong + "\" stands for \"" + right + "\"";
  fault.subjects = {"file"};
  return fault;
}

std::string stage_place(const Stage& stage) { return "stage." + std::to_string(stage.id); }
std::string argument_place(const Stage& stage, const std::string& argument) {
  return "argument." + std::to_string(stage.id) + "." + argument;
}

Stage& any_stage(Experiment& experiment, Draw& draw) {
  return experiment
      .stages[static_cast<std::size_t>(draw.below(static_cast<int>(experiment.stages.size())))];
}

std::optional<Fault> op_misspelt(Experiment& experiment, Draw& draw) {
  Stage& stage = any_stage(experiment, draw);
  const std::string right = stage.op;
  const auto wrong = typo(right, draw);
  if (!wrong) return std::nullopt;
  stage.op = *wrong;
  return about_file(*wrong, right, {stage_place(stage)});
}

std::optional<Fault> argument_misspelt(Experiment& experiment, Draw& draw) {
  Stage& stage = any_stage(experiment, draw);
  if (stage.arguments.empty()) return std::nullopt;
  Argument& argument = stage.arguments[static_cast<std::size_t>(
      draw.below(static_cast<int>(stage.arguments.size())))];
  const std::string right = argument.name;
  const auto wrong = typo(right, draw);
  if (!wrong) return std::nullopt;
  argument.name = *wrong;
  return about_file(*wrong, right, {argument_place(stage, *wrong)});
}

/// A word among few: a way to interpolate, a dtype, an axis.
std::optional<Fault> value_misspelt(Experiment& experiment, Draw& draw) {
  for (Stage& stage : experiment.stages) {
    for (const char* name : {"interpolation", "dtype", "axes"}) {
      Argument* argument = stage.find(name);
      if (argument == nullptr) continue;
      std::string& value = argument->value.kind == Value::Kind::kText
                               ? argument->value.text
                               : argument->value.texts.front();
      const std::string right = value;
      const auto wrong = typo(right, draw);
      if (!wrong || wrong->find_first_of("0123456789") != right.find_first_of("0123456789"))
        continue;
      value = *wrong;
      return about_file(*wrong, right, {stage_place(stage), argument_place(stage, name)});
    }
  }
  return std::nullopt;
}

std::optional<Fault> split_misspelt(Experiment& experiment, Draw& draw) {
  for (Stage& stage : experiment.stages) {
    if (stage.only.empty()) continue;
    const std::string right = stage.only.front();
    const auto wrong = typo(right, draw);
    if (!wrong) return std::nullopt;
    stage.only.front() = *wrong;
    return about_file(*wrong, right, {stage_place(stage), argument_place(stage, "only")});
  }
  return std::nullopt;
}

/// A word in quotation marks within the value of a line of [fit].
std::optional<Fault> word_in(std::string& value, const std::string& place, Draw& draw) {
  const std::size_t begin = value.find('"');
  if (begin == std::string::npos) return std::nullopt;
  const std::size_t end = value.find('"', begin + 1);
  const std::string right = value.substr(begin + 1, end - begin - 1);
  const auto wrong = typo(right, draw);
  if (!wrong) return std::nullopt;
  value.replace(begin + 1, right.size(), *wrong);
  return about_file(*wrong, right, {place});
}

std::optional<Fault> word_of_fit(Experiment& experiment, Draw& draw) {
  const int way = draw.below(4);
  if (way == 0) {
    for (auto& [key, value] : experiment.fit_values) {
      if (key == "optimizer") return word_in(value, "fit.optimizer", draw);
    }
  }
  if (way == 1 && !experiment.callbacks.empty())
    return word_in(experiment.callbacks.front().entries.front().second, "fit.callbacks.0", draw);
  const std::string table =
      way == 2 && experiment.fit_map("metrics") != nullptr ? "metrics" : "loss";
  auto fault = word_in(experiment.fit_map(table)->entries.front().second, "fit." + table, draw);
  // Short words have neighbours that exist: "mse" and "mae".
  if (fault && std::any_of(fault->keys.begin() + 1, fault->keys.end(),
                           [](const std::string& word) { return word.size() < 6; })) {
    return std::nullopt;
  }
  return fault;
}

std::optional<Fault> key_of_fit(Experiment& experiment, Draw& draw) {
  auto& entry = experiment.fit_values[static_cast<std::size_t>(
      draw.below(static_cast<int>(experiment.fit_values.size())))];
  const std::string right = entry.first;
  const auto wrong = typo(right, draw);
  if (!wrong) return std::nullopt;
  entry.first = *wrong;
  return about_file(*wrong, right, {"fit." + *wrong});
}

std::optional<Fault> source_argument(Experiment& experiment, Draw& draw) {
  if (experiment.source_arguments.empty()) return std::nullopt;
  SplitPlan& split =
      experiment
          .splits[static_cast<std::size_t>(draw.below(static_cast<int>(experiment.splits.size())))];
  split.source_arguments = experiment.source_arguments;
  std::string& name = split.source_arguments->front().name;
  const std::string right = name;
  const auto wrong = typo(right, draw);
  if (!wrong) return std::nullopt;
  name = *wrong;
  return about_file(*wrong, right, {"split." + split.name, "source." + split.name});
}

constexpr std::array kMutators = {
    Mutator{"op misspelt", op_misspelt, false},
    Mutator{"argument misspelt", argument_misspelt, false},
    Mutator{"value misspelt", value_misspelt, false},
    Mutator{"split misspelt", split_misspelt, false},
    Mutator{"word of [fit] misspelt", word_of_fit, false},
    Mutator{"key of [fit] misspelt", key_of_fit, false},
    Mutator{"argument of the source misspelt", source_argument, false},
};

}  // namespace

std::span<const Mutator> file_mutators() { return kMutators; }

}  // namespace tenon::mutation
