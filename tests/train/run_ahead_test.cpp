// evaluate and predict prepare the next batch beside the step, as fit does.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tenon/progress.hpp"
#include "train/small_models.hpp"

namespace tenon {
namespace {

constexpr std::int64_t kRows = 240;
constexpr std::int64_t kBatchRows = 4;

/// Rows that take a while, of which it is noted who asked for them and how far.
class SlowRows {
 public:
  Dataset dataset() {
    const Schema schema({{"x", TensorSpec(DType::kFloat32, {2}), Role::kData},
                         {"y", TensorSpec(DType::kFloat32, {1}), Role::kData}});
    auto shared = std::make_shared<const Schema>(schema);
    return Dataset::from_function(
               schema, kRows,
               [this, shared](std::int64_t index) {
                 note(index);
                 return Record(
                     shared, {Tensor(DType::kFloat32, Shape{2}), Tensor(DType::kFloat32, Shape{1})},
                     {});
               })
        .batch(kBatchRows);
  }

  /// To be called when the result of batch `batch` has come and its call has not returned: looks
  /// whether the batch behind it is asked for meanwhile, once batches are asked for elsewhere.
  void result_of(std::int64_t batch) {
    std::unique_lock lock(mutex_);
    const std::int64_t next = (batch + 1) * kBatchRows;
    if (!elsewhere_ || next >= kRows) return;
    // However long it takes: the limit is there so that a test that fails ends.
    constexpr std::chrono::seconds kLimit(60);
    EXPECT_TRUE(asked_.wait_for(lock, kLimit, [&] { return last_asked_ >= next; }))
        << "batch " << batch + 1 << " was not asked for before the result of " << batch
        << " was used";
    ++results_;
  }
  int results() const { return results_; }

 private:
  void note(std::int64_t index) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    const std::lock_guard lock(mutex_);
    last_asked_ = index;
    elsewhere_ = elsewhere_ || std::this_thread::get_id() != caller_;
    asked_.notify_all();
  }

  std::thread::id caller_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::condition_variable asked_;
  std::int64_t last_asked_ = -1;
  bool elsewhere_ = false;
  int results_ = 0;
};

class Sink {
 public:
  explicit Sink(ProgressSink sink) : before_(set_progress_sink(std::move(sink))) {}
  ~Sink() { set_progress_sink(before_); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

 private:
  ProgressSink before_;
};

TEST(RunAhead, EvaluatePreparesABatchBesideTheStepBeforeIt) {
  SlowRows rows;
  Model model = testing::line_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .threads = 1});
  const Sink sink([&](const ProgressEvent& event) {
    if (event.kind == ProgressEvent::Kind::kStep) rows.result_of(event.step - 1);
  });
  model.evaluate(rows.dataset(), {.verbose = 1, .data_threads = 1});
  EXPECT_GT(rows.results(), 0) << "no batch was prepared in another thread";
}

TEST(RunAhead, PredictPreparesABatchBesideTheStepBeforeIt) {
  SlowRows rows;
  Model model = testing::line_model();
  std::int64_t row = 0;
  const auto look = [&](const NamedTensors& /*outputs*/, const SampleIdentity& /*sample*/) {
    if (row % kBatchRows == 0) rows.result_of(row / kBatchRows);
    ++row;
  };
  model.predict(rows.dataset(), {.data_threads = 1, .on_sample = look});
  EXPECT_EQ(row, kRows);
  EXPECT_GT(rows.results(), 0) << "no batch was prepared in another thread";
}

}  // namespace
}  // namespace tenon
