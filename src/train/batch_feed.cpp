#include "train/batch_feed.hpp"

#include <system_error>
#include <utility>

#include "core/thread_count.hpp"
#include "data/collate.hpp"
#include "data/pipeline.hpp"
#include "data/source.hpp"
#include "train/targets.hpp"

namespace tenon::train {
namespace {

/// Batches that are ready beside the one in use.
constexpr std::size_t kAhead = 1;
/// So many in a row must have been slow: one may have been held up by something else, and for the
/// first one files are opened and threads are started.
constexpr int kSlowInARow = 4;

bool random_access(const Dataset& dataset) { return dataset.pipeline()->source()->random_access(); }

/// Of a batch that came whole, or of bad samples alone: leaves the rows that are this process's,
/// and no tensors where there are none.
void take_rows(Batch& batch, const backend::BatchRows& take) {
  const std::vector<std::int64_t> rows = rows_taken(batch.data.rows, take);
  for (auto* tensors : {&batch.data.inputs, &batch.data.targets, &batch.data.weights}) {
    for (Tensor& tensor : *tensors) {
      tensor = tensor.defined() && !rows.empty() ? data::gather_rows(tensor, rows) : Tensor();
    }
  }
  std::vector<SampleIdentity> samples;
  for (const std::int64_t row : rows) {
    const auto place = static_cast<std::size_t>(row);
    if (place < batch.record.samples().size()) samples.push_back(batch.record.samples()[place]);
  }
  batch.record.samples() = std::move(samples);
  batch.data.rows = static_cast<std::int64_t>(rows.size());
}

}  // namespace

std::vector<std::int64_t> rows_taken(std::int64_t rows, const backend::BatchRows& take) {
  std::vector<std::int64_t> taken;
  for (std::int64_t row = take.first; row < rows; row += take.stride) taken.push_back(row);
  return taken;
}

double least_share(int threads) {
  // The share of a step that preparing a batch must take to be done beside it on a core that the
  // step uses, too.
  constexpr double kWorthACore = 0.1;
  return threads < num_cores() ? 0.0 : kWorthACore;
}

BatchFeed::BatchFeed(const BoundSplit& split, const std::vector<OutputTraining>& outputs,
                     FeedOptions options, const FeedPlace& place)
    : split_(split),
      outputs_(outputs),
      options_(options),
      may_run_ahead_(random_access(split.dataset())),
      part_(data::iterate_part(split.dataset(), options_.iterate, options_.shared_budget)),
      iterator_(part_.iterator),
      prepared_(place.given),
      epoch_(options_.epoch.value_or(options_.iterate.epoch)) {
  if (!place.state.empty()) iterator_.restore(place.state);
}

BatchFeed::~BatchFeed() { stop(); }

bool BatchFeed::next(Batch& batch) {
  if (!ended_) {
    Delivery delivery = thread_.joinable() ? wait_for_delivery() : prepare_here();
    bad_samples_.insert(bad_samples_.end(), delivery.bad_samples.begin(),
                        delivery.bad_samples.end());
    if (delivery.news) news_.push_back(std::move(*delivery.news));
    if (!delivery.last()) {
      batch = std::move(*delivery.batch);
      since_given_.restart();
      return true;
    }
    ended_ = std::move(delivery);
  }
  if (ended_->error) std::rethrow_exception(ended_->error);
  return false;
}

void BatchFeed::next_epoch() {
  stop();
  ready_.clear();
  ended_.reset();
  iterator_.next_epoch();
  prepared_ = 0;
  ++epoch_;
}

BatchFeed::Delivery BatchFeed::prepare() {
  Delivery delivery;
  try {
    Record record;
    const bool wanted = !options_.steps || prepared_ < *options_.steps * options_.epochs;
    delivery.out_of_data = wanted && !iterator_.next(record);
    if (wanted && part_.take_news) delivery.news = part_.take_news();
    if (wanted && !delivery.out_of_data) delivery.batch = prepare_batch(std::move(record));
  } catch (...) {
    delivery.error = std::current_exception();
  }
  const std::vector<BadSample>& met = iterator_.bad_samples();
  for (; bad_samples_told_ < met.size(); ++bad_samples_told_) {
    delivery.bad_samples.push_back(met[bad_samples_told_]);
  }
  ++prepared_;
  return delivery;
}

Batch BatchFeed::prepare_batch(Record record) {
  const std::int64_t steps = options_.steps.value_or(0);
  const std::int64_t epoch = steps > 0 ? epoch_ + prepared_ / steps : epoch_;
  Batch batch;
  batch.record = std::move(record);
  batch.data = split_.data_of(batch.record, epoch, steps > 0 ? prepared_ % steps : prepared_);
  if (options_.take.stride > 1 || batch.data.rows == 0) take_rows(batch, options_.take);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Tensor& target = batch.data.targets[i];
    if (outputs_[i].loss && target.defined()) target = converted_target(target, outputs_[i]);
  }
  if (notes_state()) batch.state = iterator_.state();
  return batch;
}

bool BatchFeed::notes_state() {
  const std::int64_t steps = options_.steps.value_or(0);
  const bool ends_epoch = steps > 0 && (prepared_ + 1) % steps == 0;
  bool wanted = state_wanted_.exchange(false) || (options_.note_epoch_ends && ends_epoch);
  for (StepPeriod& period : noted_) wanted |= ++period.done % period.every == 0;
  return wanted;
}

BatchFeed::Delivery BatchFeed::prepare_here() {
  const double seconds_away = since_given_.seconds();
  Stopwatch watch;
  Delivery delivery = prepare();
  const double seconds = watch.seconds();
  const bool slow =
      seconds > options_.least_seconds && seconds > options_.least_share * seconds_away;
  slow_in_a_row_ = slow ? slow_in_a_row_ + 1 : 0;
  if (slow_in_a_row_ == kSlowInARow && may_run_ahead_ && !delivery.last()) start();
  return delivery;
}

BatchFeed::Delivery BatchFeed::wait_for_delivery() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty(); });
  Delivery delivery = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_one();
  return delivery;
}

void BatchFeed::start() {
  stopping_ = false;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw_no_thread("the thread that prepares batches", error);
  }
}

void BatchFeed::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || ready_.size() < kAhead; });
      if (stopping_) return;
    }
    Delivery delivery = prepare();
    const bool last = delivery.last();
    {
      const std::lock_guard lock(mutex_);
      ready_.push_back(std::move(delivery));
    }
    changed_.notify_one();
    if (last) return;
  }
}

void BatchFeed::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

}  // namespace tenon::train
