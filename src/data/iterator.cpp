#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "core/thread_count.hpp"
#include "data/batch_news.hpp"
#include "data/executor.hpp"
#include "data/iterator_state.hpp"
#include "data/pipeline.hpp"
#include "data/stages/shard.hpp"
#include "data/watchdog.hpp"
#include "data/worker_tuner.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon {

class DatasetIterator::Implementation {
 public:
  Implementation(std::shared_ptr<const data::Pipeline> pipeline, IterateOptions options,
                 bool judges_bad_samples = true);
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  bool next(Record& record);
  const Schema& schema() const { return *pipeline_->schema(); }
  std::string state() const;
  void restore(const std::string& text);
  const std::vector<BadSample>& bad_samples() const { return bad_samples_; }
  data::BatchNews take_news() { return std::exchange(news_, {}); }
  void next_epoch();
  double seconds_waited() const { return 1e-9 * static_cast<double>(waited_.load()); }
  DataProfile profile() const;

 private:
  using Clock = data::RunMeter::Clock;
  void begin_watch();
  bool pull(Record& record);
  void collect_bad_samples();
  void tune(Clock::time_point now, Clock::duration waited);

  std::shared_ptr<const data::Pipeline> pipeline_;
  std::shared_ptr<data::Execution> execution_;
  std::unique_ptr<data::Node> root_;
  std::int64_t delivered_ = 0;
  std::vector<BadSample> bad_samples_;
  data::BatchNews news_;
  std::exception_ptr error_;
  // Read by other threads, for a profile.
  std::atomic<std::int64_t> waited_{0};  ///< Nanoseconds in next().
  std::atomic<std::int64_t> given_{0};
  std::atomic<std::int64_t> begun_{0};  ///< Of the clock, nanoseconds; 0: not yet.
  std::unique_ptr<data::Watchdog> watchdog_;
  std::optional<data::WorkerTuner> tuner_;  ///< Where the number of workers was left to us.
  std::atomic<int> workers_{1};
};

namespace {

std::int64_t nanoseconds(data::RunMeter::Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

/// The source, then the stages.
std::vector<StageReference> references_of(const data::Pipeline& pipeline) {
  std::vector<StageReference> references{pipeline.source()->reference()};
  for (const data::PlacedStage& placed : pipeline.stages()) references.push_back(placed.reference);
  return references;
}

std::size_t thread_count(int threads) {
  check_threads("iterate", "threads", threads);
  return static_cast<std::size_t>(threads == 0 ? num_cores() : threads);
}

}  // namespace

DatasetIterator::Implementation::Implementation(std::shared_ptr<const data::Pipeline> pipeline,
                                                IterateOptions options, bool judges_bad_samples)
    : pipeline_(std::move(pipeline)),
      execution_(std::make_shared<data::Execution>(
          pipeline_->bad_samples(), pipeline_->options().ram_budget, judges_bad_samples)) {
  execution_->source = pipeline_->source();
  execution_->seed = options.seed;
  execution_->epoch = options.epoch;
  execution_->num_threads = thread_count(options.threads);
  if (execution_->num_threads > 1) {
    execution_->pool = std::make_unique<ThreadPool>(execution_->num_threads);
    if (options.threads == 0) tuner_.emplace(execution_->num_threads);
  }
  workers_ = static_cast<int>(execution_->num_threads);
  execution_->meter =
      std::make_unique<data::RunMeter>(references_of(*pipeline_), execution_->num_threads);
  root_ = data::build_nodes(*pipeline_, execution_);
}

/// With the first sample that is asked for: an iterator that is never run has no thread.
void DatasetIterator::Implementation::begin_watch() {
  begun_ = std::max<std::int64_t>(nanoseconds(Clock::now().time_since_epoch()), 1);
  const double limit = pipeline_->options().stall_timeout;
  if (limit <= 0.0) return;
  watchdog_ = std::make_unique<data::Watchdog>(
      *execution_->meter, limit, [this, limit](const data::Stall& stall) {
        const StageReference& stage = execution_->meter->reference(stall.stage);
        emit(data::stall_warning(stall, stage, execution_->source->identity(stall.sample), limit));
      });
}

DataProfile DatasetIterator::Implementation::profile() const {
  DataProfile profile;
  execution_->meter->read(profile);
  profile.elements = given_.load();
  profile.seconds_waited = seconds_waited();
  profile.workers = workers_.load();
  profile.most_workers = static_cast<int>(execution_->num_threads);
  profile.tuned = tuner_.has_value();
  if (const std::int64_t begun = begun_.load(); begun != 0) {
    profile.seconds =
        1e-9 * static_cast<double>(nanoseconds(Clock::now().time_since_epoch()) - begun);
  }
  return profile;
}

DatasetIterator::Implementation::~Implementation() {
  watchdog_.reset();
  execution_->cancelled = true;
  root_.reset();
  // Tasks hold the execution; the pool must not be destroyed by one of its own threads.
  execution_->pool.reset();
}

bool DatasetIterator::Implementation::pull(Record& record) {
  data::Item item;
  const bool more = root_->next(item);
  news_ = {static_cast<std::int64_t>(item.tickets.size()), std::move(item.bad)};
  if (!more) {
    execution_->bad_samples.check_at_end();
    return false;
  }
  record = std::move(*item.record);
  ++delivered_;
  return true;
}

void DatasetIterator::Implementation::collect_bad_samples() {
  if (execution_->bad_samples.size() != bad_samples_.size()) {
    bad_samples_ = execution_->bad_samples.entries();
  }
}

bool DatasetIterator::Implementation::next(Record& record) {
  if (error_) std::rethrow_exception(error_);
  if (begun_.load(std::memory_order_relaxed) == 0) begin_watch();
  const auto begin = Clock::now();
  bool more = false;
  try {
    more = pull(record);
  } catch (...) {
    // The run has ended; what comes after the error would be data with a hole.
    error_ = std::current_exception();
  }
  collect_bad_samples();
  const auto end = Clock::now();
  waited_.fetch_add(nanoseconds(end - begin), std::memory_order_relaxed);
  if (more && tuner_) tune(end, end - begin);
  if (more) given_.fetch_add(1, std::memory_order_relaxed);
  if (error_) std::rethrow_exception(error_);
  return more;
}

void DatasetIterator::Implementation::tune(Clock::time_point now, Clock::duration waited) {
  if (!tuner_->note(nanoseconds(now.time_since_epoch()), nanoseconds(waited))) return;
  execution_->pool->run_at_once(tuner_->workers());
  workers_ = static_cast<int>(tuner_->workers());
}

std::string DatasetIterator::Implementation::state() const {
  data::IteratorState state;
  state.fingerprint = pipeline_->fingerprint();
  state.contents = pipeline_->contents();
  state.seed = execution_->seed;
  state.epoch = execution_->epoch.load();
  state.delivered = delivered_;
  root_->save(state.nodes);
  // After the nodes: a sample that is told twice is better than one that is not told.
  state.counts = execution_->bad_samples.counts();
  state.bad_samples = execution_->bad_samples.entries();
  return data::write_state(state);
}

void DatasetIterator::Implementation::restore(const std::string& text) {
  data::IteratorState state = data::read_state(text);
  const auto changes = pipeline_->changed_contents(state.fingerprint, state.contents);
  if (!changes.empty()) data::throw_bad_state("its files have changed: " + changes.front());
  const auto differences = pipeline_->differences_from(state.fingerprint, state.contents);
  if (!differences.empty())
    data::throw_bad_state("it is of another pipeline: " + differences.front());
  // Stops the threads that run ahead before anything they read is changed.
  root_->begin(0);
  execution_->seed = state.seed;
  execution_->epoch = state.epoch;
  execution_->bad_samples.restore(state.counts, std::move(state.bad_samples));
  // At the start of an epoch there is nothing to resume, so that every source can.
  if (const auto place = data::place_of_other_ranks(*pipeline_, state.nodes)) {
    root_->fast_forward(*place);
  } else if (state.delivered > 0) {
    root_->load(state.nodes);
  }
  delivered_ = state.delivered;
  error_ = nullptr;
  bad_samples_.clear();
  collect_bad_samples();
}

void DatasetIterator::Implementation::next_epoch() {
  delivered_ = 0;
  if (tuner_) tuner_->restart();
  if (!pipeline_->source()->restartable()) return;
  error_ = nullptr;
  root_->begin(0);
  ++execution_->epoch;
}

DatasetIterator::DatasetIterator(std::shared_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
DatasetIterator::DatasetIterator(DatasetIterator&&) noexcept = default;
DatasetIterator& DatasetIterator::operator=(DatasetIterator&&) noexcept = default;
DatasetIterator::~DatasetIterator() = default;

bool DatasetIterator::next(Record& record) { return implementation_->next(record); }
const Schema& DatasetIterator::schema() const noexcept { return implementation_->schema(); }
std::string DatasetIterator::state() const { return implementation_->state(); }
void DatasetIterator::restore(const std::string& state) { implementation_->restore(state); }
const std::vector<BadSample>& DatasetIterator::bad_samples() const {
  return implementation_->bad_samples();
}
void DatasetIterator::next_epoch() { implementation_->next_epoch(); }
double DatasetIterator::seconds_waited() const noexcept {
  return implementation_->seconds_waited();
}
DataProfile DatasetIterator::profile() const { return implementation_->profile(); }

namespace {

std::shared_ptr<const data::Pipeline> sound(const data::Pipeline& pipeline) {
  pipeline.require_sound();
  auto observed = pipeline.observed();
  observed->require_sound();
  return observed;
}

}  // namespace

DatasetIterator Dataset::iterate(IterateOptions options) const {
  return DatasetIterator(
      std::make_shared<DatasetIterator::Implementation>(sound(*pipeline_), options));
}

namespace data {

std::vector<BadSlot> slots_of(std::vector<BadSample> samples) {
  std::vector<BadSlot> slots;
  slots.reserve(samples.size());
  for (BadSample& sample : samples)
    slots.push_back({static_cast<std::int64_t>(slots.size()), std::move(sample)});
  return slots;
}

PartIterator iterate_part(const Dataset& dataset, const IterateOptions& options,
                          bool shared_budget) {
  auto running = std::make_shared<DatasetIterator::Implementation>(sound(*dataset.pipeline()),
                                                                   options, !shared_budget);
  PartIterator part{DatasetIterator(running), {}};
  if (shared_budget) part.take_news = [running] { return running->take_news(); };
  return part;
}

}  // namespace data

}  // namespace tenon
