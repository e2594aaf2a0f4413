#include "cli/experiment_check.hpp"

#include <algorithm>

#include "cli/run_parts.hpp"
#include "cli/toml_workbench.hpp"
#include "core/errors_among.hpp"
#include "data/observe.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

/// One sample of every split goes through its stages: a folder that is not there, or a class that
/// is not listed, is told before a training begins.
void add_first_samples(std::vector<Diagnostic>& problems,
                       const std::vector<contract::Split>& splits) {
  for (const contract::Split& split : splits) {
    try {
      data::first_record(*split.dataset->pipeline());
    } catch (const Error& error) {
      for (Diagnostic problem : error.diagnostics()) {
        problem.datasets = {split.name};
        contract::add_or_merge(problems, std::move(problem));
      }
    }
  }
}

}  // namespace

ExperimentChecker::ExperimentChecker(std::string file, std::vector<std::string> sets)
    : file_(std::move(file)), sets_(std::move(sets)) {}

Model& ExperimentChecker::model_of(const Experiment& experiment) {
  if (!model_ || model_path_ != *experiment.model_path) {
    model_ = build_model(experiment);
    model_path_ = *experiment.model_path;
  }
  return *model_;
}

std::unique_ptr<ExperimentChecker::Checked> ExperimentChecker::check(const std::string& text) {
  Experiment experiment = parse_experiment(text, file_, sets_);
  Model& model = model_of(experiment);
  FitTable fit = *experiment.fit;
  const SourceLocation here{intern_file(experiment.file.c_str()), fit.line};
  const Dataset train = build_dataset(experiment, require_split(experiment, "train"), sources_);
  if (const SplitTable* split = experiment.split("validation"))
    fit.fit.validation_data = build_dataset(experiment, *split, sources_);
  model.compile(fit.compile, here);
  auto checked = std::make_unique<Checked>(
      Checked{std::move(experiment), train::fit_data(train, fit.fit), {}});
  if (const SplitTable* split = checked->experiment.split("test"))
    checked->data.test = build_dataset(checked->experiment, *split, sources_).observed();
  checked->check = train::check_fit(model, checked->data, fit.fit, here);
  return checked;
}

std::vector<Diagnostic> ExperimentChecker::problems(const std::string& text) {
  try {
    auto checked = check(text);
    std::vector<Diagnostic> problems = checked->check.problems;
    TomlWorkbench workbench(*this, checked->experiment, text);
    contract::offer_fixes(problems, checked->check.interface, checked->check.splits, workbench);
    if (!any_error(problems)) add_first_samples(problems, checked->check.splits);
    return problems;
  } catch (const FormatError& error) {
    std::vector<Diagnostic> problems = error.diagnostics();
    if (std::none_of(problems.begin(), problems.end(), is_of_the_file)) throw;
    offer_words(problems, text, *this);
    return problems;
  }
}

bool is_of_the_file(const Diagnostic& problem) { return problem.code == "C001"; }

std::string applied(const Edit& edit, const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  int line = 1;
  bool done = false;
  const auto put = [&] {
    if (!done && !edit.replacement.empty()) out += edit.replacement + "\n";
    done = true;
  };
  while (begin < text.size()) {
    const std::size_t newline = std::min(text.find('\n', begin), text.size());
    if (line == edit.first_line) put();
    if (line < edit.first_line || line > edit.last_line)
      out += text.substr(begin, newline - begin) + "\n";
    begin = newline + 1;
    ++line;
  }
  put();
  return out;
}

std::string mended(ExperimentChecker& checker, const std::string& text) {
  constexpr int kMostChanges = 100;
  std::string current = text;
  for (int change = 0; change < kMostChanges; ++change) {
    const std::vector<Diagnostic> problems = checker.problems(current);
    const auto mendable =
        std::find_if(problems.begin(), problems.end(), [](const Diagnostic& problem) {
          return is_error(problem) && !problem.fixes.empty() && problem.fixes.front().edit;
        });
    if (mendable == problems.end()) break;
    current = applied(*mendable->fixes.front().edit, current);
  }
  return current;
}

}  // namespace tenon::cli
