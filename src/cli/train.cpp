#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "cli/commands.hpp"
#include "cli/experiment_check.hpp"
#include "cli/json_value.hpp"
#include "cli/old_model.hpp"
#include "cli/run_parts.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

/// Ends the training after the step in which Ctrl-C was pressed.
class StopOnInterrupt : public Callback {
 public:
  std::string name() const override { return "StopOnInterrupt"; }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    if (interrupted()) control.stop_training();
  }
};

/// `origin`: the model file that the run begins with.
void add_output_callbacks(FitTable& fit, const std::string& origin) {
  if (fit.output.empty()) return;
  std::error_code error;
  fs::create_directories(fit.output, error);
  if (error) throw_file_error(fit.output, "the output folder cannot be made: " + error.message());
  fit.fit.callbacks.push_back(put_aside_old_model(fit.output, origin));
  fit.fit.callbacks.push_back(CSVLogger((fs::path(fit.output) / "history.csv").string()));
  fit.fit.callbacks.push_back(StepsLogger((fs::path(fit.output) / "steps.csv").string()));
}

std::string last_line(const History& history) {
  std::string text =
      fmt::format("{} epoch{}", history.logs.size(), history.logs.size() == 1 ? "" : "s");
  if (history.logs.empty()) return text;
  for (const auto& [name, value] : history.logs.back())
    text += fmt::format(" - {}: {:.4f}", name, value);
  return text;
}

/// The training; nothing if data and model do not fit, which is told with the fixes that the file
/// can be given.
std::optional<History> fit_or_tell(Model& model, const Dataset& data, const FitArguments& arguments,
                                   SourceLocation here, const TrainOptions& options) {
  try {
    return model.fit(data, arguments, here);
  } catch (const ContractError&) {
    ExperimentChecker checker(options.file, options.sets);
    const auto problems = checker.problems(read_experiment_text(options.file));
    const bool known = std::any_of(problems.begin(), problems.end(), [](const Diagnostic& each) {
      return each.severity == Severity::kError;
    });
    if (!known) throw;
    report(problems, options.common);
    return std::nullopt;
  }
}

/// `model`: the file that was written; empty for none.
std::string to_json(const History& history, const FitTable& fit, const std::string& model) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["interrupted"] = interrupted();
  out["epochs"] = history.logs.size();
  out["logs"] = nlohmann::ordered_json::object();
  if (!history.logs.empty()) {
    for (const auto& [name, value] : history.logs.back()) out["logs"][name] = json_number(value);
  }
  out["output"] = json_text(fit.output);
  out["model"] = json_text(model);
  out["bad_samples"] = history.bad_samples.size();
  return json_output(out);
}

}  // namespace

TrainOutcome run_training(const TrainOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  Model model = build_model(experiment);
  FitTable fit = *experiment.fit;
  const SourceLocation here{intern_file(experiment.file.c_str()), fit.line};
  const Dataset data = build_dataset(experiment, require_split(experiment, "train"));
  if (const SplitTable* split = experiment.split("validation")) {
    fit.fit.validation_data = build_dataset(experiment, *split);
  }
  add_output_callbacks(fit, *experiment.model_path);
  fit.fit.callbacks.push_back(std::make_shared<StopOnInterrupt>());
  fit.fit.verbose = options.common.quiet ? 0 : 1;
  const ConsoleSinks sinks(options.common);
  install_interrupt_handler();
  model.compile(fit.compile, here);
  const std::optional<History> done = fit_or_tell(model, data, fit.fit, here, options);
  if (!done) return {kContract, ""};
  const History& history = *done;
  std::string saved;
  if (!fit.output.empty()) {
    saved = (fs::path(fit.output) / (interrupted() ? "interrupted.keras" : "model.keras")).string();
    model.save(saved);
    write_bad_samples((fs::path(fit.output) / "bad_samples.csv").string(), history.bad_samples);
  }
  if (!options.common.quiet && options.common.format == Format::kText)
    print(last_line(history) + "\n");
  return {interrupted() ? kStopped : kDone, to_json(history, fit, saved)};
}

int train(const TrainOptions& options) {
  const TrainOutcome outcome = run_training(options);
  if (options.common.format == Format::kJson && !outcome.json.empty()) print(outcome.json);
  return outcome.status;
}

}  // namespace tenon::cli
