#include "train/batch_feed.hpp"

#include <gmock/gmock.h>

#include <atomic>

#include "tenon/error.hpp"
#include "train/interface.hpp"
#include "train/small_models.hpp"
#include "train/trainer.hpp"

namespace tenon::train {
namespace {

using ::testing::HasSubstr;
using testing::line_model;

/// In the thread that asks, and in one of its own whatever it costs.
constexpr double kNever = 1e9;
constexpr double kAlways = -1.0;

/// Row i is x = (i, i), y = i, as int32; row `bad` cannot be read.
Dataset counting_rows(std::int64_t count, std::int64_t bad = -1) {
  const Schema schema({{"x", TensorSpec(DType::kFloat32, {2}), Role::kData},
                       {"y", TensorSpec(DType::kInt32, {1}), Role::kData}});
  auto shared = std::make_shared<const Schema>(schema);
  return Dataset::from_function(schema, count, [shared, bad](std::int64_t index) {
    if (index == bad) throw DataError(make_diagnostic("F001", "row " + std::to_string(index)));
    const auto value = static_cast<float>(index);
    return Record(shared,
                  {Tensor::from<float>({2}, {value, value}),
                   Tensor::from<std::int32_t>({1}, {static_cast<std::int32_t>(index)})},
                  {});
  });
}

Example line_example() {
  return Example(inputs("x", Tensor(DType::kFloat32, {1, 2})), Tensor(DType::kFloat32, {1, 1}));
}

class BatchFeedOn : public ::testing::TestWithParam<double> {
 protected:
  BatchFeedOn() : model_(line_model()) {
    model_.compile({.optimizer = "sgd", .loss = "mse", .engine = "reference"});
  }
  Trainer& trainer() { return trainer_of(model_, "test"); }

  BatchFeed& feed(const Dataset& data, FeedOptions options = {}) {
    split_.emplace("train", fit_interface(model_, trainer().arguments(), {}, {}), data, true);
    options.least_seconds = GetParam();
    return feed_.emplace(*split_, trainer().outputs(), options);
  }

  /// The first number of every batch until the end.
  std::vector<float> firsts() {
    std::vector<float> values;
    Batch batch;
    while (feed_->next(batch)) {
      values.push_back(std::as_const(batch.data.inputs[0]).data<float>()[0]);
      EXPECT_EQ(batch.data.targets[0].dtype(), DType::kFloat32);
    }
    return values;
  }

 private:
  Model model_;
  std::optional<BoundSplit> split_;

 protected:
  std::optional<BatchFeed> feed_;
};

TEST_P(BatchFeedOn, GivesTheBatchesInOrderEpochByEpoch) {
  feed(counting_rows(20).batch(2));
  const std::vector<float> expected{0, 2, 4, 6, 8, 10, 12, 14, 16, 18};
  EXPECT_EQ(firsts(), expected);
  Batch batch;
  EXPECT_FALSE(feed_->next(batch));
  feed_->next_epoch();
  EXPECT_EQ(firsts(), expected);
}

TEST_P(BatchFeedOn, GivesNoMoreThanWasAskedFor) {
  std::atomic<int> read = 0;
  const Schema schema = counting_rows(1).schema();
  auto shared = std::make_shared<const Schema>(schema);
  const Dataset counted = Dataset::from_function(schema, 100, [&, shared](std::int64_t) {
    ++read;
    return Record(shared, {Tensor(DType::kFloat32, {2}), Tensor(DType::kInt32, {1})}, {});
  });
  feed(counted.batch(1), {.iterate = {.threads = 1}, .steps = 3, .epochs = 2});
  EXPECT_EQ(firsts().size(), 6U);
  EXPECT_EQ(read, 6);
}

TEST_P(BatchFeedOn, AnErrorComesWithItsOwnBatch) {
  Tensor x = random_uniform({20, 2}, 1);
  x.data<float>()[2 * 15] = std::numeric_limits<float>::quiet_NaN();
  feed(Dataset::from_tensors({{"x", x}, {"y", Tensor(DType::kFloat32, {20, 1})}}).batch(2));
  Batch batch;
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(feed_->next(batch));
  for (int again = 0; again < 2; ++again) {
    try {
      feed_->next(batch);
      FAIL() << "the NaN was not seen";
    } catch (const DataError& error) {
      EXPECT_EQ(error.code(), "D002");
      EXPECT_THAT(error.what(), HasSubstr("epoch 1, step 8"));
    }
  }
}

TEST_P(BatchFeedOn, ErrorsOfLaterEpochsNameThem) {
  Tensor x = random_uniform({4, 2}, 1);
  x.data<float>()[7] = std::numeric_limits<float>::infinity();
  feed(Dataset::from_tensors({{"x", x}, {"y", Tensor(DType::kFloat32, {4, 1})}}).batch(1),
       {.iterate = {.epoch = 3}, .steps = 2, .epochs = 2});
  Batch batch;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(feed_->next(batch));
  try {
    feed_->next(batch);
    FAIL() << "the infinity was not seen";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("epoch 5, step 2"));
  }
}

TEST_P(BatchFeedOn, KnowsTheBadSamplesUpToTheBatchGiven) {
  feed(counting_rows(12, 9).on_bad_sample({BadSamplePolicy::kSkip, 0.5}).batch(2),
       {.iterate = {.threads = 1}});
  Batch batch;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(feed_->next(batch));
  EXPECT_TRUE(feed_->bad_samples().empty());
  while (feed_->next(batch)) {
  }
  ASSERT_EQ(feed_->bad_samples().size(), 1U);
  EXPECT_EQ(feed_->bad_samples()[0].sample.index, 9);
}

TEST_P(BatchFeedOn, EndsWhileItIsAhead) {
  feed(counting_rows(1000).repeat().batch(2));
  Batch batch;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(feed_->next(batch));
  EXPECT_EQ(feed_->runs_ahead(), GetParam() == kAlways);
  feed_.reset();
}

TEST_P(BatchFeedOn, AGeneratorRunsInTheThreadThatAsks) {
  const auto here = std::this_thread::get_id();
  bool elsewhere = false;
  const auto generate = [&]() -> Generator {
    for (int i = 0; i < 8; ++i) {
      if (std::this_thread::get_id() != here) elsewhere = true;
      co_yield line_example();
    }
  };
  feed(Dataset::from_generator(generate));
  EXPECT_EQ(firsts().size(), 8U);
  EXPECT_FALSE(elsewhere);
}

INSTANTIATE_TEST_SUITE_P(InTheThreadThatAsks, BatchFeedOn, ::testing::Values(kNever));
INSTANTIATE_TEST_SUITE_P(Ahead, BatchFeedOn, ::testing::Values(kAlways));

}  // namespace
}  // namespace tenon::train
