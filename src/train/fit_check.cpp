#include "train/fit_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/leakage.hpp"
#include "core/errors_among.hpp"
#include "core/thread_count.hpp"
#include "data/pipeline.hpp"
#include "train/bound_split.hpp"
#include "train/fit_workbench.hpp"
#include "train/interface.hpp"
#include "train/trainer.hpp"

namespace tenon::train {
namespace {

void require(std::vector<Diagnostic>& problems, bool holds, const std::string& came,
             const std::string& expected) {
  if (holds) return;
  problems.push_back(make_diagnostic("A001", fmt::format("fit: {}", came),
                                     {fmt::format("expected: {}", expected)}));
}

void add_class_weight_problems(std::vector<Diagnostic>& problems, const Model& model,
                               const FitArguments& arguments) {
  const std::vector<OutputTraining> outputs = resolve_outputs(model.outputs(), {});
  const std::vector<ClassWeights> all = class_weights_by_output(model, arguments);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ClassWeights& weights = all[i];
    require(problems, std::ranges::all_of(weights, [](double w) { return w >= 0.0; }),
            "a class weight is negative", "weights of 0 or more");
    const std::int64_t units = outputs[i].classes();
    const std::int64_t classes = std::max<std::int64_t>(units, 2);
    const auto given = static_cast<std::int64_t>(weights.size());
    require(problems, given == 0 || given == classes || units < 1,
            fmt::format("class_weight of output {} has {} weight{}", quote_key(outputs[i].name()),
                        given, given == 1 ? "" : "s"),
            fmt::format("one for each of its {} classes; 1 leaves a class as it is", classes));
  }
}

std::vector<Diagnostic> argument_problems(const Model& model, const FitArguments& arguments) {
  std::vector<Diagnostic> problems;
  require(problems, arguments.epochs >= 1, fmt::format("epochs is {}", arguments.epochs),
          "1 or more");
  require(problems, arguments.initial_epoch >= 0,
          fmt::format("initial_epoch is {}", arguments.initial_epoch), "0 or more");
  require(problems, arguments.steps_per_epoch.value_or(1) >= 1,
          fmt::format("steps_per_epoch is {}", arguments.steps_per_epoch.value_or(1)), "1 or more");
  require(problems, arguments.validation_steps.value_or(1) >= 1,
          fmt::format("validation_steps is {}", arguments.validation_steps.value_or(1)),
          "1 or more");
  require(problems, arguments.validation_freq >= 1,
          fmt::format("validation_freq is {}", arguments.validation_freq), "1 or more");
  require(problems, arguments.verbose >= 0 && arguments.verbose <= 2,
          fmt::format("verbose is {}", arguments.verbose), "0, 1 or 2");
  if (auto problem = thread_problem("fit", "data_threads", arguments.data_threads))
    problems.push_back(std::move(*problem));
  const bool single = arguments.class_weight.single().has_value();
  require(problems, !single || model.outputs().size() == 1,
          fmt::format("class_weight is given once, but model `{}` has {} outputs", model.name(),
                      model.outputs().size()),
          R"(class weights by output name: .class_weight = {{"<output>", {1.0, 4.0}}})");
  add_class_weight_problems(problems, model, arguments);
  return problems;
}

/// G001: a coroutine runs once, and a second pass over it was asked for.
void add_restart_problem(std::vector<Diagnostic>& problems, const std::string& split,
                         const Dataset& dataset, std::int64_t passes) {
  if (passes <= 1 || dataset.pipeline()->source()->restartable()) return;
  Diagnostic problem = make_diagnostic(
      "G001",
      fmt::format("the {} data come from a generator that runs once, and {} passes are asked for",
                  split, passes),
      {}, "give a function that makes the generator: Dataset::from_generator(function)");
  if (split == "train") {
    problem.fixes.front().text += ", or steps_per_epoch to let the epochs draw on one stream";
  }
  problem.datasets = {split};
  problems.push_back(std::move(problem));
}

/// What is in two of the splits.
void add_leaks(std::vector<Diagnostic>& problems, std::vector<contract::Split> splits,
               const FitData& data, const FitArguments& arguments) {
  if (!arguments.check_leakage) return;
  if (data.held_out && !data.test) splits.push_back({.name = "test", .dataset = &*data.held_out});
  std::ranges::move(contract::leakage_problems(
                        splits, {.group_key = arguments.group_key, .seed = arguments.seed}),
                    std::back_inserter(problems));
}

}  // namespace

FitData fit_data(const Dataset& train, const FitArguments& arguments) {
  FitData data{train.observed(), std::nullopt, arguments.steps_per_epoch.has_value()};
  data.held_out = arguments.test_data;
  if (arguments.validation_data) data.validation = arguments.validation_data->observed();
  return data;
}

FitCheck check_fit(const Model& model, const FitData& data, const FitArguments& arguments,
                   SourceLocation location) {
  const CompileArguments& compiled = trainer_of(model, "fit").arguments();
  TrainingInterface interface = fit_interface(model, compiled, arguments, location);
  const std::int64_t passes = std::max<std::int64_t>(arguments.epochs - arguments.initial_epoch, 0);
  std::vector<contract::Split> splits{{.name = "train",
                                       .dataset = &data.train,
                                       .steps = arguments.steps_per_epoch,
                                       .epochs = passes,
                                       .continues = data.continues}};
  std::vector<Diagnostic> problems = argument_problems(model, arguments);
  if (!data.continues) add_restart_problem(problems, "train", data.train, passes);
  if (data.validation) {
    const std::int64_t validations = passes / std::max<std::int64_t>(arguments.validation_freq, 1);
    splits.push_back({.name = "validation",
                      .dataset = &*data.validation,
                      .steps = arguments.validation_steps,
                      .epochs = validations});
    add_restart_problem(problems, "validation", *data.validation, validations);
  }
  if (data.test)
    splits.push_back({.name = "test", .dataset = &*data.test, .targets_optional = true});
  std::ranges::move(contract::group_problems(splits, arguments.group_key),
                    std::back_inserter(problems));
  std::ranges::move(
      all_problems(compile_problems(model.name(), model.outputs(), compiled), interface, splits),
      std::back_inserter(problems));
  std::ranges::stable_sort(problems, {}, &Diagnostic::severity);
  add_leaks(problems, splits, data, arguments);
  return {std::move(interface), std::move(splits), std::move(problems)};
}

std::vector<Diagnostic> fit_problems(const Model& model, const FitData& data,
                                     const FitArguments& arguments, SourceLocation location) {
  FitCheck check = check_fit(model, data, arguments, location);
  return with_fixes(std::move(check.problems), check.interface, check.splits);
}

std::vector<ClassWeights> class_weights_by_output(const Model& model,
                                                  const FitArguments& arguments) {
  std::vector<ClassWeights> weights;
  const std::vector<Port> outputs = model.outputs();
  for (const Port& output : outputs) {
    ClassWeights own;
    if (arguments.class_weight.single() && outputs.size() == 1) {
      own = *arguments.class_weight.single();
    }
    for (const auto& [name, given] : arguments.class_weight.by_name()) {
      if (name == output.name) own = given;
    }
    weights.push_back(std::move(own));
  }
  return weights;
}

}  // namespace tenon::train

namespace tenon {

std::vector<Diagnostic> Model::check(const Dataset& data, const FitArguments& arguments,
                                     SourceLocation location) {
  return train::fit_problems(*this, train::fit_data(data, arguments), arguments, location);
}

}  // namespace tenon
