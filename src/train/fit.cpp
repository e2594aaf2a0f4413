#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "core/error_context.hpp"
#include "core/thread_count.hpp"
#include "data/pipeline.hpp"
#include "data/rank_budget.hpp"
#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/bad_sample_list.hpp"
#include "train/batch_feed.hpp"
#include "train/bound_split.hpp"
#include "train/clock.hpp"
#include "train/evaluate.hpp"
#include "train/fit_check.hpp"
#include "train/interface.hpp"
#include "train/judge_alike.hpp"
#include "train/model_plan.hpp"
#include "train/not_finite.hpp"
#include "train/progress.hpp"
#include "train/rank_group.hpp"
#include "train/resume.hpp"
#include "train/running_logs.hpp"
#include "train/trainer.hpp"

namespace tenon {
namespace train {
namespace {

/// One call of fit. run() is the story; the steps follow in its order.
class FitRun final : public TrainingControl {
 public:
  FitRun(Model& model, const Dataset& data, FitArguments arguments, SourceLocation location)
      : model_(model),
        trainer_(trainer_of(model, "fit")),
        arguments_(std::move(arguments)),
        location_(location),
        data_(fit_data(data, arguments_)),
        ranks_(arguments_.distribution) {}

  ~FitRun() override { trainer_.distribute(nullptr); }
  FitRun(const FitRun&) = delete;
  FitRun& operator=(const FitRun&) = delete;

  History run() {
    try {
      return run_all();
    } catch (...) {
      ranks_.fail();
      throw;
    }
  }

  Model& model() override { return model_; }
  void stop_training() override { stopped_ = true; }
  void stop_at_once() override { stopped_ = without_validation_ = true; }
  double learning_rate() const override { return trainer_.learning_rate(); }
  void set_learning_rate(double value) override { trainer_.set_learning_rate(value); }
  std::int64_t epochs() const override { return arguments_.epochs; }
  std::optional<std::int64_t> steps_per_epoch() const override { return known_steps_; }
  const std::vector<std::string>& log_names() const override { return log_names_; }
  bool interrupted() const override { return interrupted_ || interrupted_here(); }
  bool resumes() const override { return resumed_ != nullptr; }
  void request_state() override { state_wanted_ = true; }
  bool higher_is_better(std::string_view log_name) const override {
    Logs known;
    for (const std::string& name : log_names_) known.set(name, 0.0);
    known.at(log_name);  // Throws where there is none.
    return running_->higher_is_better(log_name.starts_with("val_") ? log_name.substr(4) : log_name);
  }

 private:
  History run_all() {
    check();
    bind();
    begin();
    try {
      run_epochs();
    } catch (...) {
      rethrow_with_bad_samples([this](Diagnostic& problem) { tell_progress_so_far(problem); },
                               history_.bad_samples);
    }
    return end();
  }

  void run_epochs() {
    epoch_ = first_epoch_;
    for (; epoch_ < arguments_.epochs && !stopped_; ++epoch_) {
      begin_epoch();
      train_epoch();
      validate();
      end_epoch();
    }
  }

  /// What ends a run in the middle says where that was and what is left.
  void tell_progress_so_far(Diagnostic& problem) const {
    if (!problem.run) problem.run = RunPlace{"train", epoch_, step_};
    if (steps_done_ == 0) return;
    // Ranks that divide updates may have been in the middle of one.
    std::string note = fmt::format("{} step{} {} trained before{}", steps_done_,
                                   steps_done_ == 1 ? "" : "s", steps_done_ == 1 ? "was" : "were",
                                   ranks_.alone() ? "; the model keeps their weights" : "");
    // Another rank that ended this one may have said so.
    if (std::ranges::find(problem.notes, note) == problem.notes.end())
      problem.notes.push_back(std::move(note));
  }

  void check() {
    ranks_.check_losses(trainer_.outputs());
    if (!ranks_.first()) {
      arguments_.callbacks.clear();
      arguments_.verbose = 0;
    }
    throw_errors(fit_problems(model_, data_, arguments_, location_));
  }

  void bind() {
    interface_ = fit_interface(model_, trainer_.arguments(), arguments_, location_);
    log_names_ = interface_.log_names;
    train_on(ranks_.share_of(data_.train, "training"));
    if (data_.validation) {
      const data::RankShare part = ranks_.share_of(*data_.validation, "validation");
      validation_take_ = ranks_.rows_to_take(part);
      validation_only_whole_ = part.only_whole;
      validation_budget_ = part.shared_budget && !ranks_.alone();
      validation_.emplace("validation", interface_, part.dataset, arguments_.check_finite);
    }
    class_weights_ = class_weights_by_output(model_, arguments_);
    running_.emplace(trainer_.outputs());
    if (!ranks_.alone())
      running_->sum_batches([this](std::span<double> sums) { ranks_.sum(sums); });
    validation_logs_.emplace(trainer_.outputs());
  }

  void train_on(const data::RankShare& share) {
    train_take_ = ranks_.rows_to_take(share);
    only_whole_ = share.only_whole;
    shared_budget_ = share.shared_budget && !ranks_.alone();
    train_.emplace("train", interface_, share.dataset, arguments_.check_finite);
  }

  void begin() {
    trainer_.set_seed(arguments_.seed);
    trainer_.begin_training();
    join_ranks();
    resume();
    scale_learning_rate();
    ranks_.share_variables(trainer_);
    if (arguments_.check_finite) require_finite_weights(model_, false);
    feed_.emplace(
        *train_, trainer_.outputs(),
        FeedOptions{.iterate = {.seed = arguments_.seed,
                                .epoch = arguments_.steps_per_epoch ? arguments_.initial_epoch
                                                                    : first_epoch_,
                                .threads = data_threads()},
                    .steps = arguments_.steps_per_epoch,
                    .epochs = arguments_.epochs - arguments_.initial_epoch,
                    .note_epoch_ends = !arguments_.callbacks.empty(),
                    .take = train_take_,
                    .shared_budget = shared_budget_,
                    .least_share = least_share(trainer_.threads())},
        place_of_data());
    if (shared_budget_)
      budget_.emplace(train_->dataset().pipeline()->bad_samples(), place_of_data().state);
    known_steps_ = arguments_.steps_per_epoch;
    const Cardinality cardinality = ranks_.batches_of_all(data_.train);
    if (!known_steps_ && cardinality.kind == Cardinality::Kind::kKnown && cardinality.exact) {
      known_steps_ = cardinality.count;
    }
    leave_bad_loss_ = std::ranges::any_of(
        arguments_.callbacks, [](const auto& callback) { return callback->handles_bad_loss(); });
    for (const auto& callback : arguments_.callbacks) callback->on_train_begin(*this);
    if (resumed_) restore_callbacks(arguments_.callbacks, *resumed_);
    for (const auto& callback : arguments_.callbacks) {
      if (const auto period = callback->state_period()) feed_->note_states(*period);
    }
    share_decisions();
  }

  int data_threads() const {
    return arguments_.data_threads > 0 ? arguments_.data_threads : ranks_.threads();
  }

  void join_ranks() {
    if (ranks_.alone()) return trainer_.distribute(nullptr);
    trainer_.distribute(&ranks_.communicator(), ranks_.bucket_bytes(), ranks_.threads());
    std::vector<const Dataset*> datasets{&data_.train};
    if (data_.validation) datasets.push_back(&*data_.validation);
    ranks_.compare(model_, trainer_, arguments_, datasets);
  }

  bool interrupted_here() const { return arguments_.interrupted && arguments_.interrupted(); }

  Decisions decisions() const {
    return {.stopped = stopped_,
            .without_validation = without_validation_,
            .leave_bad_loss = leave_bad_loss_,
            .interrupted = interrupted(),
            .learning_rate = trainer_.learning_rate()};
  }
  void take(const Decisions& decided) {
    interrupted_ = decided.interrupted;
    if (ranks_.alone()) return;
    stopped_ = decided.stopped;
    without_validation_ = decided.without_validation;
    leave_bad_loss_ = decided.leave_bad_loss;
    trainer_.set_learning_rate(decided.learning_rate);
  }
  /// Of rank 0's callbacks, outside of steps.
  void share_decisions() {
    Decisions decided = decisions();
    ranks_.share_decisions(decided);
    take(decided);
  }

  /// Takes over a state, if there is one: the model has its weights then.
  void resume() {
    first_epoch_ = arguments_.initial_epoch;
    if (arguments_.resume && ranks_.first()) resumed_ = read_state(*arguments_.resume, model_);
    for (const auto& callback : arguments_.callbacks) {
      if (!resumed_) resumed_ = callback->state_to_resume(*this);
    }
    if (resumed_ && ranks_.first()) {
      check_pipeline(*resumed_, data_.train);
      check_state(*resumed_, model_, trainer_, arguments_, ranks_.rows_per_step(data_.train));
      if (data_.validation) check_validation(*resumed_, *data_.validation);
    }
    ranks_.share_state(resumed_, trainer_);
    if (!resumed_) return;
    trainer_.set_learning_rate_scale(resumed_->learning_rate_scale);
    first_epoch_ = resumed_->epoch;
    steps_done_ = resumed_->steps_done;
    stopped_ = resumed_->stopped;
    history_ = resumed_->history;
    if (!history_.logs.empty()) epoch_logs_ = history_.logs.back();
    data::RankStart start = ranks_.share_from(data_.train, resumed_->data);
    train_on(start.share);
    data_state_ = std::move(start.state);
  }

  /// Once for a training, however often it is gone on with.
  void scale_learning_rate() {
    const double scale = ranks_.learning_rate_scale();
    if (scale == trainer_.learning_rate_scale()) return;
    const double before = trainer_.learning_rate();
    trainer_.set_learning_rate(before * scale / trainer_.learning_rate_scale());
    trainer_.set_learning_rate_scale(scale);
    ranks_.tell_learning_rate(before, trainer_.learning_rate());
  }

  FeedPlace place_of_data() const {
    if (!resumed_) return {};
    const std::int64_t epochs_before = resumed_->epoch - arguments_.initial_epoch;
    return {data_state_, epochs_before * arguments_.steps_per_epoch.value_or(0) + resumed_->step};
  }

  /// Where `epoch` and `step` are those of the next step, and `data` is where the data stand.
  void deliver_state(std::int64_t epoch, std::int64_t step, std::string data) {
    state_wanted_ = false;
    TrainingState state;
    state.epoch = epoch;
    state.step = step;
    state.steps_done = steps_done_;
    state.data = budget_ && !data.empty() ? budget_->in_state(data) : std::move(data);
    state.pipeline = data_.train.pipeline()->fingerprint();
    state.contents = data_.train.pipeline()->contents();
    if (data_.validation) state.validation_contents = data_.validation->pipeline()->contents();
    if (step > 0) state.running = running_->sums();
    state.history = history_;
    state.stopped = stopped_;
    fill_state(state, model_, trainer_, arguments_);
    state.ranks = ranks_.size();
    state.rows_per_step = ranks_.rows_per_step(data_.train);
    for (const auto& callback : arguments_.callbacks) {
      state.callbacks.emplace_back(callback->name(), CallbackState{});
      callback->save_state(state.callbacks.back().second);
    }
    for (const auto& callback : arguments_.callbacks) callback->on_state(*this, state);
  }

  void begin_epoch() {
    if (epoch_ > first_epoch_ && !arguments_.steps_per_epoch) feed_->next_epoch();
    running_->reset();
    step_ = 0;
    epoch_is_whole_ = false;
    if (resumed_ && epoch_ == first_epoch_ && resumed_->step > 0) {
      step_ = resumed_->step;
      running_->set_sums(resumed_->running);
    }
    epoch_watch_.restart();
    tell(ProgressEvent::Kind::kBegin);
    for (const auto& callback : arguments_.callbacks) callback->on_epoch_begin(*this, epoch_);
  }

  void train_epoch() {
    Batch batch;
    // Rank 0 may have been stopped by a callback, which the others hear of in next().
    while (!stopped_ || !ranks_.alone()) {
      Stopwatch watch;
      if (!next(batch)) {
        epoch_is_whole_ = !stopped_;
        break;
      }
      StepInfo info{.epoch = epoch_, .step = step_};
      info.seconds_data = watch.restart();
      if (!plan_told_ && batch.data.rows > 0) tell_plan(batch.data);
      take_step(batch, info, watch);
      ++step_;
      tell_callbacks(info);
      tell(ProgressEvent::Kind::kStep);
      data_state_ = std::move(batch.state);
      if (state_wanted_ && !data_state_.empty()) deliver_state(epoch_, step_, data_state_);
      if (state_wanted_) feed_->note_state();
    }
    share_decisions();
    epoch_logs_ = running_->running();
  }

  /// False when the epoch is over. Data that end too early are an error: nothing is replayed.
  bool next(Batch& batch) {
    const std::optional<std::int64_t>& wanted = arguments_.steps_per_epoch;
    if (wanted && step_ == *wanted) return false;
    RankGroup::StepNews news;
    do {  // Where samples keep their places, all of a batch may be bad.
      news = next_of_all(batch);
      if (stopped_) return false;
      if (!news.all_ended && !(only_whole_ && news.some_ended)) continue;
      if (wanted || step_ == 0) {
        throw_out_of_data({"train", epoch_, step_}, wanted, arguments_.epochs, steps_done_);
      }
      return false;
    } while (news.all_rows == 0);
    return true;
  }

  RankGroup::StepNews next_of_all(Batch& batch) {
    batch = Batch();
    const bool ended = stopped_ || !feed_->next(batch);
    share_first_shape(batch.data);
    Decisions decided = decisions();
    const std::uint64_t layout = trainer_.gradient_layout(batch.data, class_weights_);
    const RankGroup::StepNews news =
        ranks_.before_step(epoch_, step_, batch.data.rows, ended, layout, decided,
                           budget_ ? budget_->text_of(feed_->take_news()) : std::string());
    take(decided);
    if (budget_ && !stopped_) judge_bad_samples(news);
    batch.data.all_rows = news.all_rows;
    batch.data.rows_of_ranks = news.rows_of_ranks;
    batch.data.ranks_lie_alike = news.lie_alike;
    return news;
  }

  void judge_bad_samples(const RankGroup::StepNews& news) {
    judge_alike(ranks_, [&] {
      budget_->add(news.told);
      if (news.all_ended || (only_whole_ && news.some_ended)) budget_->check_at_end();
    });
  }

  /// A rank may have no rows in the first step: of a short batch, or of bad samples.
  void share_first_shape(const StepData& data) {
    if (ranks_.alone() || shapes_are_shared_) return;
    std::optional<StepShape> own;
    if (data.rows > 0) own = trainer_.shape_of(data, class_weights_);
    const StepShape known = ranks_.share_shape(own);
    trainer_.take_shape_without_rows(known);
    shapes_are_shared_ = known.mode == Mode::kTrain;
  }

  void take_step(const Batch& batch, StepInfo& info, Stopwatch& watch) {
    const StepData& data = batch.data;
    trainer_.set_warm_up(ranks_.warm_up(steps_done_));
    const StepResult result = trainer_.train(data, class_weights_, arguments_.check_finite);
    if (result.not_finite && !(leave_bad_loss_ && result.not_finite->empty())) {
      const BatchPlace place{{"train", epoch_, step_}, batch.record.samples()};
      if (ranks_.alone()) throw_not_finite(trainer_, data, class_weights_, result, place);
      const FoundNotFinite found =
          look_for_not_finite(trainer_, data, class_weights_, result, place);
      ranks_.throw_best(found.problem, found.in_this_batch);
    }
    running_->add(result, data.rows);
    info.examples = ranks_.alone() ? data.rows : data.all_rows;
    info.seconds_compute = watch.restart();
    history_.seconds_data += info.seconds_data;
    history_.seconds_compute += info.seconds_compute;
    if (!result.not_finite) ++steps_done_;
  }

  /// Compiles the step, too.
  void tell_plan(const StepData& data) {
    plan_told_ = true;
    if (arguments_.callbacks.empty()) return;
    const double batches = batches_in_memory(data_.train, data.rows, arguments_.data_threads);
    const ModelPlan plan = plan_of(trainer_, trainer_.shape_of(data, class_weights_), batches);
    for (const auto& callback : arguments_.callbacks) callback->on_plan(*this, plan);
  }

  void tell_callbacks(StepInfo& info) {
    if (arguments_.callbacks.empty()) return;
    info.batch = running_->batch();
    const Logs running = running_->running();
    for (const auto& callback : arguments_.callbacks) {
      callback->on_train_batch_end(*this, info, running);
    }
  }

  void validate() {
    if (!validation_ || without_validation_ || (epoch_ + 1) % arguments_.validation_freq != 0)
      return;
    const Logs logs =
        evaluate_split(trainer_, *validation_, *validation_logs_,
                       {.steps = arguments_.validation_steps,
                        .iterate = {.seed = arguments_.seed, .threads = data_threads()},
                        .epoch = epoch_,
                        .bad_samples = &history_.bad_samples,
                        .ranks = &ranks_,
                        .take = validation_take_,
                        .only_whole = validation_only_whole_,
                        .shared_budget = validation_budget_});
    for (const auto& [name, value] : logs) epoch_logs_.set("val_" + name, value);
  }

  void end_epoch() {
    remember_bad_samples(history_.bad_samples,
                         budget_ ? budget_->bad_samples() : ranks_.all_of(feed_->bad_samples()),
                         "train");
    tell(ProgressEvent::Kind::kEnd);
    if (arguments_.check_finite) require_finite_weights(model_, true);
    history_.epoch.push_back(static_cast<int>(epoch_));
    history_.logs.push_back(epoch_logs_);
    const std::uint64_t weights = ranks_.digest_of_weights(trainer_);
    for (const auto& callback : arguments_.callbacks) {
      callback->on_epoch_end(*this, epoch_, epoch_logs_);
    }
    // Data that end with the epoch begin with the next one.
    if (state_wanted_ && epoch_is_whole_)
      deliver_state(epoch_ + 1, 0, arguments_.steps_per_epoch ? data_state_ : std::string());
    state_wanted_ = false;
    ranks_.share_changed_weights(trainer_, weights);
    share_decisions();
  }

  History end() {
    share_decisions();
    history_.stopped_early = stopped_;
    history_.interrupted = interrupted_;
    if (feed_) history_.data = feed_->profile();
    std::exception_ptr failure;  // One that fails does not keep the others from ending well.
    const std::uint64_t weights = ranks_.digest_of_weights(trainer_);
    for (const auto& callback : arguments_.callbacks) {
      try {
        callback->on_train_end(*this, epoch_logs_);
      } catch (...) {
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    ranks_.share_changed_weights(trainer_, weights);
    trainer_.complete_slots();
    ranks_.meet();  // From here on each may write its own.
    return std::move(history_);
  }

  void tell(ProgressEvent::Kind kind) {
    if (!progress_is_wanted(arguments_.verbose)) return;
    ProgressEvent event;
    event.kind = kind;
    event.verbose = arguments_.verbose;
    event.epoch = epoch_;
    event.epochs = arguments_.epochs;
    event.step = step_;
    event.steps = steps_to_show(known_steps_, data_.train);
    event.seconds = epoch_watch_.seconds();
    event.logs = kind == ProgressEvent::Kind::kEnd ? epoch_logs_ : running_->running();
    tell_progress(event);
  }

  Model& model_;
  Trainer& trainer_;
  FitArguments arguments_;
  SourceLocation location_;
  FitData data_;
  RankGroup ranks_;

  TrainingInterface interface_;
  std::vector<std::string> log_names_;
  std::optional<BoundSplit> train_;
  std::optional<BoundSplit> validation_;
  backend::BatchRows train_take_;
  backend::BatchRows validation_take_;
  bool only_whole_ = false;  ///< Batches that not all ranks have their rows of are left out.
  bool validation_only_whole_ = false;
  bool shared_budget_ = false;
  bool validation_budget_ = false;
  std::optional<data::RankBudget> budget_;  ///< Where all ranks judge together.
  std::vector<ClassWeights> class_weights_;
  std::optional<RunningLogs> running_;
  std::optional<RunningLogs> validation_logs_;

  std::optional<BatchFeed> feed_;
  std::optional<std::int64_t> known_steps_;
  bool plan_told_ = false;
  bool shapes_are_shared_ = false;
  bool leave_bad_loss_ = false;
  bool stopped_ = false;
  bool interrupted_ = false;
  bool without_validation_ = false;
  std::int64_t steps_done_ = 0;  ///< By this call of fit.
  std::shared_ptr<const TrainingState> resumed_;
  bool state_wanted_ = false;
  bool epoch_is_whole_ = false;
  std::string data_state_;  ///< Where the data stood behind the last step, if that was noted; at
                            ///< first where they go on.
  std::int64_t first_epoch_ = 0;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
  Stopwatch epoch_watch_;
  Logs epoch_logs_;
  History history_;
};

}  // namespace
}  // namespace train

History Model::fit(const Dataset& data, FitArguments arguments, SourceLocation location) {
  return train::FitRun(*this, data, std::move(arguments), location).run();
}

History Model::fit_generator(Generator generator, FitArguments arguments, SourceLocation location) {
  return fit(Dataset::from_generator(std::move(generator), location), std::move(arguments),
             location);
}

}  // namespace tenon
