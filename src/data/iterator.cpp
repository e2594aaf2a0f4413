#include <fmt/format.h>

#include <chrono>

#include "core/thread_count.hpp"
#include "data/executor.hpp"
#include "data/iterator_state.hpp"
#include "data/pipeline.hpp"
#include "data/stages/shard.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"

namespace tenon {

class DatasetIterator::Implementation {
 public:
  Implementation(std::shared_ptr<const data::Pipeline> pipeline, IterateOptions options);
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  bool next(Record& record);
  const Schema& schema() const { return *pipeline_->schema(); }
  std::string state() const;
  void restore(const std::string& text);
  const std::vector<BadSample>& bad_samples() const { return bad_samples_; }
  void next_epoch();
  double seconds_waited() const { return seconds_waited_; }

 private:
  bool pull(Record& record);
  void collect_bad_samples();

  std::shared_ptr<const data::Pipeline> pipeline_;
  std::shared_ptr<data::Execution> execution_;
  std::unique_ptr<data::Node> root_;
  std::int64_t delivered_ = 0;
  std::vector<BadSample> bad_samples_;
  std::exception_ptr error_;
  double seconds_waited_ = 0.0;
};

namespace {

std::size_t thread_count(int threads) {
  check_threads("iterate", "threads", threads);
  return static_cast<std::size_t>(threads == 0 ? num_cores() : threads);
}

void require_same_pipeline(const std::vector<std::string>& saved,
                           const std::vector<std::string>& here) {
  for (std::size_t i = 0; i < std::max(saved.size(), here.size()); ++i) {
    const std::string then = i < saved.size() ? saved[i] : "nothing";
    const std::string now = i < here.size() ? here[i] : "nothing";
    if (then == now) continue;
    const std::string place = i == 0 ? "its source" : fmt::format("its stage {}", i - 1);
    data::throw_bad_state(
        fmt::format("it is of another pipeline: {} was {}, here it is {}", place, then, now));
  }
}

}  // namespace

DatasetIterator::Implementation::Implementation(std::shared_ptr<const data::Pipeline> pipeline,
                                                IterateOptions options)
    : pipeline_(std::move(pipeline)),
      execution_(std::make_shared<data::Execution>(pipeline_->bad_samples())) {
  execution_->source = pipeline_->source();
  execution_->seed = options.seed;
  execution_->epoch = options.epoch;
  execution_->num_threads = thread_count(options.threads);
  if (execution_->num_threads > 1) {
    execution_->pool = std::make_unique<ThreadPool>(execution_->num_threads);
  }
  root_ = data::build_nodes(*pipeline_, execution_);
}

DatasetIterator::Implementation::~Implementation() {
  execution_->cancelled = true;
  root_.reset();
  // Tasks hold the execution; the pool must not be destroyed by one of its own threads.
  execution_->pool.reset();
}

bool DatasetIterator::Implementation::pull(Record& record) {
  data::Item item;
  if (!root_->next(item)) {
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
  const auto begin = std::chrono::steady_clock::now();
  bool more = false;
  try {
    more = pull(record);
  } catch (...) {
    // The run has ended; what comes after the error would be data with a hole.
    error_ = std::current_exception();
  }
  collect_bad_samples();
  seconds_waited_ +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (error_) std::rethrow_exception(error_);
  return more;
}

std::string DatasetIterator::Implementation::state() const {
  data::IteratorState state;
  state.fingerprint = pipeline_->fingerprint();
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
  require_same_pipeline(state.fingerprint, pipeline_->fingerprint());
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

DatasetIterator Dataset::iterate(IterateOptions options) const {
  pipeline_->require_sound();
  auto pipeline = pipeline_->observed();
  pipeline->require_sound();
  return DatasetIterator(
      std::make_shared<DatasetIterator::Implementation>(std::move(pipeline), options));
}

}  // namespace tenon
