#include "train/evaluate.hpp"

#include <fmt/format.h>

#include "core/error_context.hpp"
#include "core/thread_count.hpp"
#include "tenon/error.hpp"
#include "train/bad_sample_list.hpp"
#include "train/batch_feed.hpp"
#include "train/clock.hpp"
#include "train/fit_workbench.hpp"
#include "train/interface.hpp"
#include "train/progress.hpp"

namespace tenon {
namespace train {
namespace {

/// Tells the sink of a pass, where somebody listens.
class PassProgress {
 public:
  PassProgress(const PassOptions& options, const Dataset& dataset)
      : wanted_(progress_is_wanted(options.verbose)) {
    event_.activity = ProgressEvent::Activity::kEvaluate;
    event_.verbose = options.verbose;
    event_.steps = steps_to_show(options.steps, dataset);
  }
  void tell(ProgressEvent::Kind kind, std::int64_t step, const RunningLogs& running) {
    if (!wanted_) return;
    event_.kind = kind;
    event_.step = step;
    event_.seconds = watch_.seconds();
    event_.logs = running.running();
    tell_progress(event_);
  }

 private:
  bool wanted_;
  Stopwatch watch_;
  ProgressEvent event_;
};

}  // namespace

void throw_out_of_data(const RunPlace& place, std::optional<std::int64_t> wanted,
                       std::int64_t epochs, std::int64_t done) {
  const std::string asked = wanted ? fmt::format(", {} were asked for", *wanted) : std::string();
  Diagnostic problem =
      make_diagnostic("G001",
                      fmt::format("the {} data ended in epoch {} after {} step{}{}", place.split,
                                  place.epoch + 1, place.step, place.step == 1 ? "" : "s", asked),
                      {"no batch is ever trained on twice to fill the gap, and none was left out"},
                      "add .repeat() before the end of the pipeline, or ask for fewer steps");
  if (wanted && epochs > 1) {
    problem.notes.insert(problem.notes.begin(),
                         fmt::format("{} batches came, {} steps × {} epochs are {}", done, *wanted,
                                     epochs, *wanted * epochs));
  }
  problem.run = place;
  problem.datasets = {place.split};
  throw DataError(std::move(problem));
}

Logs evaluate_split(Trainer& trainer, const BoundSplit& split, RunningLogs& running,
                    const PassOptions& options) {
  running.reset();
  BatchFeed feed(split, trainer.outputs(),
                 {.iterate = options.iterate,
                  .steps = options.steps,
                  .epoch = options.epoch,
                  .take = options.take,
                  .least_share = least_share(trainer.threads())});
  PassProgress progress(options, split.dataset());
  progress.tell(ProgressEvent::Kind::kBegin, 0, running);
  Batch batch;
  std::int64_t step = 0;
  try {
    while (feed.next(batch)) {
      if (batch.data.rows > 0) running.add(trainer.test(batch.data), batch.data.rows);
      progress.tell(ProgressEvent::Kind::kStep, ++step, running);
    }
  } catch (...) {
    rethrow_with([&](Diagnostic& problem) {
      if (!problem.run) problem.run = RunPlace{split.name(), options.epoch, step};
    });
  }
  if (options.ranks != nullptr && !options.ranks->alone()) {
    options.ranks->communicator().at({"validation", options.epoch, -1});
    step = options.ranks->most(step);
    running.sum_epoch([&](std::span<double> sums) { options.ranks->sum(sums); });
  }
  if (step == 0 || (options.steps && step < *options.steps)) {
    throw_out_of_data({split.name(), options.epoch, step}, options.steps, 1, step);
  }
  if (options.bad_samples != nullptr) {
    const auto& own = feed.bad_samples();
    remember_bad_samples(*options.bad_samples,
                         options.ranks != nullptr ? options.ranks->all_of(own) : own, split.name());
  }
  progress.tell(ProgressEvent::Kind::kEnd, step, running);
  return running.running();
}

}  // namespace train

Logs Model::evaluate(const Dataset& data, EvaluateArguments arguments, SourceLocation location) {
  train::Trainer& trainer = train::trainer_of(*this, "evaluate");
  check_threads("evaluate", "data_threads", arguments.data_threads);
  const Dataset observed = data.observed();
  const TrainingInterface interface =
      train::evaluate_interface(*this, trainer.arguments(), arguments, location);
  const contract::Split split{.name = "test", .dataset = &observed, .steps = arguments.steps};
  train::throw_errors(train::with_fixes(
      train::all_problems(train::compile_problems(name(), outputs(), trainer.arguments()),
                          interface, {&split, 1}),
      interface, {&split, 1}));
  const train::BoundSplit bound("test", interface, observed, true);
  train::RunningLogs running(trainer.outputs());
  return train::evaluate_split(trainer, bound, running,
                               {.steps = arguments.steps,
                                .iterate = {.threads = arguments.data_threads},
                                .verbose = arguments.verbose});
}

}  // namespace tenon
