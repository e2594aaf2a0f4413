#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "cli/as_rank.hpp"
#include "cli/commands.hpp"
#include "cli/experiment_check.hpp"
#include "cli/json_value.hpp"
#include "cli/old_model.hpp"
#include "cli/output_lock.hpp"
#include "cli/profile.hpp"
#include "cli/run_parts.hpp"
#include "core/error_context.hpp"
#include "core/errors_among.hpp"
#include "dist/communicator.hpp"
#include "tenon/error.hpp"
#include "train/bad_sample_list.hpp"
#include "train/distribution_maker.hpp"
#include "train/state.hpp"
#include "train/trainer.hpp"
#include "train/training_state.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

/// Ends the training soon after Ctrl-C was pressed: after the step, or, where a state is kept,
/// after the next one that a state can be had of.
class StopOnInterrupt : public Callback {
 public:
  explicit StopOnInterrupt(bool keeps_state) : keeps_state_(keeps_state) {}
  std::string name() const override { return "StopOnInterrupt"; }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    stop(control);
  }
  void on_epoch_end(TrainingControl& control, std::int64_t, const Logs&) override { stop(control); }
  void on_state(TrainingControl& control, const TrainingState&) override {
    if (control.interrupted()) control.stop_at_once();
  }

 private:
  void stop(TrainingControl& control) const {
    if (!control.interrupted()) return;
    keeps_state_ ? control.request_state() : control.stop_at_once();
  }

  bool keeps_state_;
};

fs::path state_folder(const FitTable& fit) { return fs::path(fit.output) / "state"; }

/// Of a training that has ended and whose model is written. `origin`: the model file that it began
/// with stays.
void remove_state(const FitTable& fit, const std::string& origin) {
  std::error_code ignored;
  for (const char* name : {"state.keras", "state.previous.keras"})
    fs::remove(state_folder(fit) / name, ignored);
  fs::remove(state_folder(fit), ignored);  // Unless there is something else in it.
  // What this run left when it was stopped before it was resumed; earlier runs' were renamed.
  for (const char* name : {"interrupted.keras", "stopped.keras"}) {
    const fs::path left = fs::path(fit.output) / name;
    if (!fs::equivalent(left, origin, ignored)) fs::remove(left, ignored);
  }
}

/// Says before the first step what the run will take.
class TellMemory : public Callback {
 public:
  std::string name() const override { return "TellMemory"; }
  void on_plan(TrainingControl&, const ModelPlan& plan) override {
    print_error(
        fmt::format("needs {} at batch {}\n", byte_text(plan.memory.total()), plan.batch_size));
  }
};

/// The test split is compared with the others for leakage; training does without where its files
/// are not there (yet). What is wrong in the experiment file itself is told.
void add_test_data(const Experiment& experiment, FitArguments& fit) {
  const SplitTable* split = experiment.split("test");
  if (split == nullptr || !fit.check_leakage) return;
  try {
    fit.test_data = build_dataset(experiment, *split);
  } catch (const FormatError& error) {
    if (std::ranges::any_of(error.diagnostics(), is_of_the_file)) throw;
  }
}

/// Writes what was trained until a run ended in the middle: weights and the optimizer's state.
/// Returns a line that says where, or why not; empty if nothing was trained.
std::string save_stopped(const Model& model, const std::string& folder) {
  const auto state = train::optimizer_state(model);
  if (!state || state->iterations == 0) return {};
  if (folder.empty()) return "nothing was saved: [fit] has no output folder";
  if (!model.trainer()->weights_are_whole())
    return "nothing was saved: ranks were about to update the weights; train goes on with --resume";
  const std::string path = (fs::path(folder) / "stopped.keras").string();
  try {
    model.save(path);
  } catch (const std::exception& error) {
    return fmt::format("{} could not be written: {}", path, error.what());
  }
  return fmt::format("the weights and the optimizer's state after {} step{} are in {}",
                     state->iterations, state->iterations == 1 ? "" : "s", path);
}

/// To be called in a catch block: where too many bad samples ended the run, writes which they are.
/// Returns a line that says where, or why not.
std::string list_bad_samples(const std::string& folder) {
  if (folder.empty()) return {};
  const std::string path = (fs::path(folder) / "bad_samples.csv").string();
  try {
    throw;
  } catch (const data::TooManyBadSamples& error) {
    try {
      write_bad_samples(path, error.bad_samples());
      return fmt::format("{} names all of them", path);
    } catch (const std::exception& problem) {
      return fmt::format("{} could not be written: {}", path, problem.what());
    }
  } catch (...) {
    return {};
  }
}

/// fit; what ends it in the middle leaves a checkpoint, and says where.
History fit_or_save(Model& model, const Dataset& data, const FitTable& fit, SourceLocation here) {
  try {
    return model.fit(data, fit.fit, here);
  } catch (const train::OtherTrainingError&) {
    throw;  // What was trained stays where it is.
  } catch (...) {
    if (fit.fit.distribution.rank() != 0) throw;  // Rank 0 keeps what was trained.
    const std::string listed = list_bad_samples(fit.output);
    const std::string saved = save_stopped(model, fit.output);
    rethrow_with([&](Diagnostic& problem) {
      if (!listed.empty()) problem.notes.push_back(listed);
      if (!saved.empty()) problem.notes.push_back(saved);
    });
  }
}

/// The folder is made; nothing where there is none.
std::unique_ptr<OutputLock> lock_output(const std::string& folder) {
  if (folder.empty()) return nullptr;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_file_error(folder, "the output folder cannot be made: " + error.message());
  return std::make_unique<OutputLock>(folder);
}

/// `origin`: the model file that the run begins with.
void add_output_callbacks(FitTable& fit, const std::string& origin, bool resume) {
  if (fit.output.empty()) return;
  fit.fit.callbacks.push_back(put_aside_old_models(fit.output, origin));
  fit.fit.callbacks.push_back(CSVLogger((fs::path(fit.output) / "history.csv").string()));
  fit.fit.callbacks.push_back(StepsLogger((fs::path(fit.output) / "steps.csv").string()));
  fit.fit.callbacks.push_back(BackupAndRestore(
      state_folder(fit).string(),
      {.save_freq = fit.save_freq, .delete_checkpoint = false, .restore = resume}));
}

/// Of the time of all steps, what share went by until there was a batch.
double share_waited(const History& history) {
  const double all = history.seconds_data + history.seconds_compute;
  return all > 0.0 ? history.seconds_data / all : 0.0;
}

std::string last_line(const History& history) {
  std::string text =
      fmt::format("{} epoch{}", history.logs.size(), history.logs.size() == 1 ? "" : "s");
  if (history.logs.empty()) return text;
  for (const auto& [name, value] : history.logs.back())
    text += fmt::format(" - {}: {:.4f}", name, value);
  text += fmt::format("\nthe model waited {:.0f} % of the time for data",
                      100.0 * share_waited(history));
  const std::string slowest = slowest_text(history.data);
  return slowest.empty() ? text : fmt::format("{}; {}", text, slowest);
}

/// The training; nothing if data and model do not fit, which is told with the fixes that the file
/// can be given.
std::optional<History> fit_or_tell(Model& model, const Dataset& data, const FitTable& fit,
                                   SourceLocation here, const TrainOptions& options) {
  try {
    return fit_or_save(model, data, fit, here);
  } catch (const ContractError&) {
    if (options.distribution.rank() != 0) throw;  // Rank 0 tells.
    ExperimentChecker checker(options.file, options.sets);
    const auto problems = checker.problems(read_experiment_text(options.file));
    if (!any_error(problems)) throw;
    report(problems, options.common);
    return std::nullopt;
  }
}

/// `model`: the file that was written; empty for none.
std::string to_json(const History& history, const FitTable& fit, const std::string& model) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["interrupted"] = history.interrupted;
  out["epochs"] = history.logs.size();
  out["logs"] = nlohmann::ordered_json::object();
  if (!history.logs.empty()) {
    for (const auto& [name, value] : history.logs.back()) out["logs"][name] = json_number(value);
  }
  out["output"] = json_text(fit.output);
  out["model"] = json_text(model);
  out["bad_samples"] = history.bad_samples.size();
  out["share_waited_for_data"] = json_number(share_waited(history));
  out["data"] = profile_json(history.data);
  return json_output(out);
}

/// With --resume: whether there is nothing left to do. Says so, and also where there is no state.
bool is_over(const FitTable& fit, const TrainOptions& options) {
  if (fit.output.empty()) {
    throw_argument_error("--resume", "[fit] has no output folder", "one, with a run's state in it");
  }
  if (has_state(fit.output)) return false;
  const fs::path model = fs::path(fit.output) / "model.keras";
  std::error_code ignored;
  const bool over = fs::exists(model, ignored);
  if (!options.common.quiet) {
    print_error(over ? fmt::format("the training has ended; its model is {}\nto train on from it, "
                                   "write it as [model] path, with another output folder\n",
                                   model.string())
                     : fmt::format("there is no state in {}: the training begins anew\n",
                                   state_folder(fit).string()));
  }
  return over;
}

/// What rank 0 finds in its folder, which others may not see.
bool first_says(const TrainOptions& options, const std::function<bool()>& look) {
  if (options.distribution.alone()) return look();
  const bool own = options.distribution.rank() == 0 && look();
  return options.distribution.communicator()->broadcast(own ? "yes" : "no") == "yes";
}

/// Of rank 0, which alone writes.
std::string save_results(const Model& model, const History& history, const FitTable& fit,
                         const Experiment& experiment) {
  if (fit.output.empty()) return {};
  const std::string saved =
      (fs::path(fit.output) / (history.interrupted ? "interrupted.keras" : "model.keras")).string();
  model.save(saved);
  write_bad_samples((fs::path(fit.output) / "bad_samples.csv").string(), history.bad_samples);
  if (!history.interrupted) remove_state(fit, *experiment.model_path);
  return saved;
}

void add_callbacks(FitTable& fit, const Experiment& experiment, const TrainOptions& options) {
  add_output_callbacks(fit, *experiment.model_path, options.resume);
  fit.fit.callbacks.push_back(std::make_shared<StopOnInterrupt>(!fit.output.empty()));
  if (!options.common.quiet) fit.fit.callbacks.push_back(std::make_shared<TellMemory>());
  fit.fit.verbose = options.common.quiet ? 0 : 1;
  if (!options.resume_from.empty()) fit.fit.resume = ResumeFrom(options.resume_from);
}

}  // namespace

TrainOutcome run_training(const TrainOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  Model model = build_model(experiment);
  FitTable fit = *experiment.fit;
  if (!options.distribution.alone())
    fit.fit.distribution = DistributionMaker::with_options(options.distribution, fit.distribution);
  const bool leads = options.distribution.rank() == 0;
  if (options.resume && first_says(options, [&] { return is_over(fit, options); }))
    return {kDone, to_json({}, fit, (fs::path(fit.output) / "model.keras").string())};
  const SourceLocation here{intern_file(experiment.file.c_str()), fit.line};
  const Dataset data = build_dataset(experiment, require_split(experiment, "train"));
  if (const SplitTable* split = experiment.split("validation")) {
    fit.fit.validation_data = build_dataset(experiment, *split);
  }
  add_test_data(experiment, fit.fit);
  std::unique_ptr<OutputLock> lock;
  if (leads) {
    lock = lock_output(fit.output);
    add_callbacks(fit, experiment, options);
  } else {
    fit.fit.callbacks.clear();
    fit.output.clear();
  }
  const ConsoleSinks sinks(options.common);
  install_interrupt_handler();
  fit.fit.interrupted = interrupted;
  model.compile(fit.compile, here);
  const std::optional<History> done = fit_or_tell(model, data, fit, here, options);
  if (!done) return {kContract, ""};
  const History& history = *done;
  const std::string saved = save_results(model, history, fit, experiment);
  if (leads && fit.output.empty() && !options.common.quiet)
    print_error("the model was not saved: [fit] has no output folder\n");
  if (history.interrupted && has_state(fit.output) && !options.common.quiet)
    print_error("go on with the same command and --resume\n");
  if (!options.common.quiet && options.common.format == Format::kText)
    print(last_line(history) + "\n");
  return {history.interrupted ? kStopped : kDone, to_json(history, fit, saved)};
}

namespace {

int train_and_print(const TrainOptions& options) {
  const TrainOutcome outcome = run_training(options);
  const bool leads = options.distribution.rank() == 0;
  if (leads && options.common.format == Format::kJson && !outcome.json.empty()) print(outcome.json);
  return outcome.status;
}

}  // namespace

int train(TrainOptions options) {
  if (!is_rank()) return train_and_print(options);
  const std::string command = fmt::format("train{}{}", options.resume ? " --resume" : "",
                                          options.resume_from.empty() ? "" : " --resume-from FILE");
  return as_rank(options.common, command, [&](const Distribution& distribution) {
    options.distribution = distribution;
    return train_and_print(options);
  });
}

}  // namespace tenon::cli
