#include <algorithm>

#include "core/thread_count.hpp"
#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/batch_feed.hpp"
#include "train/bound_split.hpp"
#include "train/clock.hpp"
#include "train/evaluate.hpp"
#include "train/fit_workbench.hpp"
#include "train/interface.hpp"
#include "train/pass_budget.hpp"
#include "train/progress.hpp"
#include "train/rank_group.hpp"
#include "train/rank_rows.hpp"
#include "train/sliding_window.hpp"
#include "train/trainer.hpp"

namespace tenon {
namespace {

/// The rows of all batches, by output.
class Rows {
 public:
  explicit Rows(std::size_t num_outputs) : parts_(num_outputs) {}

  void add(const std::vector<Tensor>& predictions) {
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].push_back(predictions[i].clone());
  }
  bool empty() const { return parts_.empty() || parts_.front().empty(); }
  NamedTensors joined(const std::vector<Port>& outputs) const {
    NamedTensors named;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      named.emplace_back(outputs[i].name,
                         parts_[i].size() == 1 ? parts_[i].front() : concatenate_rows(parts_[i]));
    }
    return named;
  }

 private:
  std::vector<std::vector<Tensor>> parts_;
};

/// Row `index` of each output, with its geometry.
NamedTensors row_of(const std::vector<Tensor>& predictions, const std::vector<Port>& outputs,
                    std::int64_t index) {
  NamedTensors named;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Tensor row = predictions[i].row(index);
    if (const Geometry* geometry = predictions[i].row_geometry(index)) row.set_geometry(*geometry);
    named.emplace_back(outputs[i].name, std::move(row));
  }
  return named;
}

void tell(const PredictArguments& arguments, const Dataset& dataset, ProgressEvent::Kind kind,
          std::int64_t step, const train::Stopwatch& watch) {
  if (!train::progress_is_wanted(arguments.verbose)) return;
  ProgressEvent event;
  event.activity = ProgressEvent::Activity::kPredict;
  event.kind = kind;
  event.verbose = arguments.verbose;
  event.step = step;
  event.steps = train::steps_to_show(arguments.steps, dataset);
  event.seconds = watch.seconds();
  train::tell_progress(event);
}

void hand_over(const PredictArguments& arguments, const std::vector<Tensor>& predictions,
               const TrainingInterface& interface, std::span<const SampleIdentity> samples) {
  std::vector<Port> outputs;
  for (const TrainedOutput& output : interface.outputs) outputs.push_back(output.output);
  for (std::int64_t row = 0; row < predictions.front().dim(0); ++row) {
    const auto index = static_cast<std::size_t>(row);
    arguments.on_sample(row_of(predictions, outputs, row),
                        index < samples.size() ? samples[index] : SampleIdentity{});
  }
}

PredictResult predict_share(Model& model, const Dataset& data, const PredictArguments& arguments,
                            SourceLocation location, const train::RankGroup& ranks) {
  train::Trainer& trainer = train::trainer_for_prediction(model);
  check_threads("predict", "data_threads", arguments.data_threads);
  const Dataset observed = data.observed();
  TrainingInterface interface = train::predict_interface(model, arguments, location);
  std::optional<train::SlidingPredictor> sliding;
  if (arguments.sliding_window) {
    sliding.emplace(model, *arguments.sliding_window);
    interface = sliding->opened(std::move(interface));
  }
  const contract::Split split{.name = "test", .dataset = &observed, .steps = arguments.steps};
  train::throw_errors(
      train::with_fixes(train::all_problems({}, interface, {&split, 1}), interface, {&split, 1}));
  const train::RankThreads threads(trainer, ranks);
  ranks.compare_pass("predict", model, trainer, observed, arguments.steps);
  const data::RankShare share = ranks.share_of(observed, "test", !arguments.steps);
  const train::BoundSplit bound("test", interface, share.dataset, true);

  const bool shared_budget = share.shared_budget && !ranks.alone();
  // There are no targets to convert: no outputs.
  const std::vector<train::OutputTraining> no_outputs;
  train::BatchFeed feed(bound, no_outputs,
                        {.iterate = {.threads = arguments.data_threads > 0 ? arguments.data_threads
                                                                           : ranks.threads()},
                         .steps = arguments.steps,
                         .take = ranks.rows_to_take(share),
                         .shared_budget = shared_budget,
                         .least_share = train::least_share(trainer.threads())});
  std::optional<train::PassBudget> budget;
  if (shared_budget) budget.emplace(ranks, bound, 0);
  const train::Stopwatch watch;
  tell(arguments, observed, ProgressEvent::Kind::kBegin, 0, watch);
  train::RankRows own;
  Rows rows(interface.outputs.size());
  train::Batch batch;
  std::int64_t step = 0;
  while (train::all_have(&ranks, share.only_whole, feed.next(batch))) {
    const std::vector<Tensor>& inputs = batch.data.inputs;
    own.batches.push_back(batch.data.rows);
    if (batch.data.rows > 0) {
      const auto predictions =
          sliding ? sliding->predict(trainer, inputs) : trainer.predict(inputs);
      if (arguments.on_sample) {
        hand_over(arguments, predictions, interface, batch.record.samples());
      } else {
        rows.add(predictions);
      }
      std::ranges::copy(batch.record.samples(), std::back_inserter(own.samples));
    }
    tell(arguments, observed, ProgressEvent::Kind::kStep, ++step, watch);
    if (budget) budget->after_batch(feed);
  }
  if (budget) budget->at_end(feed);
  step = ranks.most(step);
  if (step == 0 || (arguments.steps && step < *arguments.steps)) {
    train::throw_out_of_data({"test", 0, step}, arguments.steps, 1, step);
  }
  tell(arguments, observed, ProgressEvent::Kind::kEnd, step, watch);
  if (!arguments.on_sample && !rows.empty()) own.outputs = rows.joined(model.outputs());
  own.bad_samples = feed.bad_samples();
  if (!ranks.alone()) return train::gather_predictions(ranks, std::move(own));
  return {std::move(own.outputs), std::move(own.samples), std::move(own.bad_samples)};
}

}  // namespace

PredictResult Model::predict(const Dataset& data, PredictArguments arguments,
                             SourceLocation location) {
  const train::RankGroup ranks(arguments.distribution);
  if (!ranks.first()) arguments.verbose = 0;
  try {
    return predict_share(*this, data, arguments, location, ranks);
  } catch (...) {
    ranks.fail();
    throw;
  }
}

}  // namespace tenon
