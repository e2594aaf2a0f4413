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
#include "train/pass_budget.hpp"
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

bool all_have(const RankGroup* ranks, bool only_whole, bool has) {
  if (!only_whole || ranks == nullptr) return has;
  return ranks->most(has ? 0 : 1) == 0;
}

Logs evaluate_split(Trainer& trainer, const BoundSplit& split, RunningLogs& running,
                    const PassOptions& options) {
  running.reset();
  BatchFeed feed(split, trainer.outputs(),
                 {.iterate = options.iterate,
                  .steps = options.steps,
                  .epoch = options.epoch,
                  .take = options.take,
                  .shared_budget = options.shared_budget,
                  .least_share = least_share(trainer.threads())});
  std::optional<PassBudget> budget;
  if (options.shared_budget) budget.emplace(*options.ranks, split, options.epoch);
  PassProgress progress(options, split.dataset());
  progress.tell(ProgressEvent::Kind::kBegin, 0, running);
  Batch batch;
  std::int64_t step = 0;
  try {
    while (all_have(options.ranks, options.only_whole, feed.next(batch))) {
      if (batch.data.rows > 0) {
        const StepResult result = trainer.test(batch.data);
        running.add(result, batch.data.rows);
        if (options.on_batch) options.on_batch(batch, result, options.take);
      }
      progress.tell(ProgressEvent::Kind::kStep, ++step, running);
      if (budget) budget->after_batch(feed);
    }
    if (budget) budget->at_end(feed);
  } catch (...) {
    rethrow_with_bad_samples([&](Diagnostic& problem) {
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
    std::vector<BadSample> all;
    if (!budget && options.ranks != nullptr) all = options.ranks->all_of(own);
    const auto& met = budget ? budget->bad_samples() : options.ranks != nullptr ? all : own;
    remember_bad_samples(*options.bad_samples, met, split.name());
  }
  progress.tell(ProgressEvent::Kind::kEnd, step, running);
  return running.running();
}

RankThreads::RankThreads(Trainer& trainer, const RankGroup& ranks)
    : trainer_(ranks.alone() ? nullptr : &trainer) {
  if (trainer_ != nullptr) trainer_->distribute(nullptr, 0, ranks.threads());
}

RankThreads::~RankThreads() {
  if (trainer_ != nullptr) trainer_->distribute(nullptr);
}

namespace {

Logs evaluate_share(Model& model, const Dataset& data, const EvaluateArguments& arguments,
                    SourceLocation location, const EvaluateExtras& extras, const RankGroup& ranks) {
  Trainer& trainer = trainer_of(model, "evaluate");
  check_threads("evaluate", "data_threads", arguments.data_threads);
  const Dataset observed = data.observed();
  const TrainingInterface interface =
      evaluate_interface(model, trainer.arguments(), arguments, location);
  const contract::Split split{.name = "test", .dataset = &observed, .steps = arguments.steps};
  throw_errors(
      with_fixes(all_problems(compile_problems(model.name(), model.outputs(), trainer.arguments()),
                              interface, {&split, 1}),
                 interface, {&split, 1}));
  ranks.check_losses(trainer.outputs(), "evaluate");
  const RankThreads threads(trainer, ranks);
  ranks.compare_pass("evaluate", model, trainer, observed, arguments.steps);
  const data::RankShare share = ranks.share_of(observed, "test", !arguments.steps);
  const BoundSplit bound("test", interface, share.dataset, true);
  RunningLogs running(trainer.outputs());
  return evaluate_split(trainer, bound, running,
                        {.steps = arguments.steps,
                         .iterate = {.threads = arguments.data_threads > 0 ? arguments.data_threads
                                                                           : ranks.threads()},
                         .verbose = ranks.first() ? arguments.verbose : 0,
                         .bad_samples = extras.bad_samples,
                         .ranks = &ranks,
                         .take = ranks.rows_to_take(share),
                         .only_whole = share.only_whole,
                         .shared_budget = share.shared_budget && !ranks.alone(),
                         .on_batch = extras.on_batch});
}

}  // namespace

Logs evaluate_model(Model& model, const Dataset& data, const EvaluateArguments& arguments,
                    SourceLocation location, const EvaluateExtras& extras) {
  const RankGroup ranks(arguments.distribution);
  try {
    return evaluate_share(model, data, arguments, location, extras, ranks);
  } catch (...) {
    ranks.fail();
    throw;
  }
}

}  // namespace train

Logs Model::evaluate(const Dataset& data, EvaluateArguments arguments, SourceLocation location) {
  return train::evaluate_model(*this, data, arguments, location);
}

}  // namespace tenon
