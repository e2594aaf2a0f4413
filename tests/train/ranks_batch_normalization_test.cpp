// Batch normalization that is synchronized gives on several ranks what one process gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <mutex>

#include "support/thread_ranks.hpp"
#include "support/weight_difference.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/distribution_maker.hpp"
#include "train/engines.hpp"
#include "train/small_models.hpp"
#include "train/step_meeting.hpp"

namespace tenon::train {
namespace {

using test::run_ranks;
using test::text_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

SymbolicTensor normalized(const SymbolicTensor& x, const std::string& name, bool synchronized) {
  return BatchNormalization({.momentum = 0.9, .synchronized = synchronized, .name = name})(x);
}

// What is only added to before a normalization has no gradient but rounding, of which Adam makes
// whole steps: there are no such biases here.

/// Normalization of rows; before and behind a relu; without gamma and beta.
Model rows_model(bool synchronized) {
  const SymbolicTensor x = Input({6}, {.name = "x"});
  SymbolicTensor hidden =
      BatchNormalization({.center = false, .synchronized = synchronized, .name = "norm_input"})(x);
  hidden = Dense(8, {.use_bias = false, .name = "first"})(hidden);
  hidden = Activation("relu")(normalized(hidden, "norm_first", synchronized));
  hidden = Dense(5, {.activation = "tanh", .name = "second"})(hidden);
  hidden = BatchNormalization(
      {.center = false, .scale = false, .synchronized = synchronized, .name = "norm_second"})(
      hidden);
  return Model(x, Dense(3, {.activation = "softmax", .name = "y"})(hidden), {.name = "rows"});
}

/// Of images: with a relu and a pooling behind (which an engine may take in), in two branches, and
/// one that is frozen.
Model images_model(bool synchronized) {
  const SymbolicTensor x = Input({8, 8, 2}, {.name = "x"});
  SymbolicTensor stem = Conv2D(16, 3, {.padding = "same", .use_bias = false, .name = "conv"})(x);
  stem = Activation("relu")(normalized(stem, "norm", synchronized));
  stem = MaxPooling2D(2)(stem);
  SymbolicTensor left =
      Conv2D(8, 3, {.padding = "same", .use_bias = false, .name = "conv_left"})(stem);
  left = Activation("relu")(normalized(left, "norm_left", synchronized));
  const SymbolicTensor right = BatchNormalization(
      {.synchronized = synchronized, .name = "frozen", .trainable = false})(stem);
  SymbolicTensor joined =
      Concatenate()({left, normalized(right, "norm_right", synchronized), stem});
  joined = GlobalAveragePooling2D()(joined);
  return Model(x, Dense(3, {.activation = "softmax", .name = "y"})(joined), {.name = "images"});
}

NamedTensors classes_of(Tensor x) {
  const std::int64_t rows = x.dim(0);
  Tensor y(DType::kInt64, {rows});
  for (std::int64_t row = 0; row < rows; ++row) {
    const Tensor values = x.row(row);
    const float first = std::as_const(values).data<float>()[1];
    y.data<std::int64_t>()[static_cast<std::size_t>(row)] = first < 0.7F ? 0 : first < 1.4F ? 1 : 2;
  }
  return {{"x", x}, {"y", y}};
}

struct SyncedRun {
  std::string engine = "reference";
  std::string optimizer = "sgd";
  std::string precision{};
  bool images = false;
  bool synchronized = true;
  std::int64_t epochs = 8;  // Of 7 steps.
  float offset = 0.0F;      // Of the data.
  std::function<void(NamedTensors&)> change{};
};

struct SyncedWeights {
  std::vector<Tensor> weights;
  History history;
};

Dataset data_of(const SyncedRun& run, std::int64_t rows, std::uint64_t seed) {
  const Shape shape = run.images ? Shape{rows, 8, 8, 2} : Shape{rows, 6};
  NamedTensors data = classes_of(random_uniform(shape, seed, -1.0F, 3.0F));
  for (float& value : data[0].second.data<float>()) value += run.offset;
  if (run.change) run.change(data);
  // In batches of 8: the last has 2 rows, none for ranks 2 and 3.
  return Dataset::from_tensors(data).shuffle(16).batch(8);
}

SyncedWeights train_synced(const SyncedRun& run, const Distribution& distribution) {
  Model model = run.images ? images_model(run.synchronized) : rows_model(run.synchronized);
  model.initialize(5);
  Optimizer optimizer = run.optimizer;
  if (run.optimizer == "sgd") optimizer.learning_rate = 0.01;
  model.compile({.optimizer = optimizer,
                 .loss = "sparse_categorical_crossentropy",
                 .metrics = {"accuracy"},
                 .engine = run.engine,
                 .precision = run.precision,
                 .threads = 1});
  SyncedWeights trained;
  trained.history = model.fit(data_of(run, 50, 3), {.epochs = run.epochs,
                                                    .validation_data = data_of(run, 21, 9),
                                                    .verbose = 0,
                                                    .seed = 11,
                                                    .data_threads = 1,
                                                    .distribution = distribution});
  for (const auto& weight : model.weights()) trained.weights.push_back(weight->value().clone());
  return trained;
}

std::vector<SyncedWeights> train_synced_on(int size, const SyncedRun& run) {
  std::vector<SyncedWeights> all(static_cast<std::size_t>(size));
  const auto thrown = run_ranks(size, [&](std::unique_ptr<dist::Transport> transport) {
    const auto rank = static_cast<std::size_t>(transport->rank());
    all[rank] = train_synced(run, DistributionMaker::make(std::move(transport), {}));
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  return all;
}

double distance(const SyncedWeights& a, const SyncedWeights& b) {
  return testing::largest_difference(a.weights, b.weights);
}

class RanksBatchNormalization
    : public ::testing::TestWithParam<std::tuple<std::string, std::string, bool>> {
 protected:
  SyncedRun run_of() const {
    const auto& [engine, optimizer, images] = GetParam();
    return {.engine = engine, .optimizer = optimizer, .images = images};
  }
};

TEST_P(RanksBatchNormalization, GivesWhatOneProcessGives) {
  const SyncedRun run = run_of();
  const double tolerance = run.optimizer == "sgd" ? 1e-6 : 1e-4;
  const SyncedWeights one = train_synced(run, {});
  for (const int size : {2, 4}) {
    if (run.images && run.optimizer == "adam" && size == 2) continue;  // For the time it takes.
    const auto all = train_synced_on(size, run);
    EXPECT_LT(distance(one, all[0]), tolerance) << size;
    for (const SyncedWeights& other : all) EXPECT_EQ(distance(all[0], other), 0.0);
    const Logs& a = one.history.logs.back();
    for (const auto& [name, value] : a)
      EXPECT_NEAR(all[0].history.logs.back().at(name), value, 1e-4) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(EnginesAndOptimizers, RanksBatchNormalization,
                         ::testing::Combine(::testing::Values("reference", "onednn"),
                                            ::testing::Values("sgd", "adam"), ::testing::Bool()));

TEST(RanksBatchNormalizationAlone, IsTheOrdinaryLayerBitForBit) {
  for (const char* engine : {"reference", "onednn"}) {
    SyncedRun run{.engine = engine, .images = true, .epochs = 2};
    const SyncedWeights synchronized = train_synced(run, {});
    const auto of_one_rank = train_synced_on(1, run);
    run.synchronized = false;
    EXPECT_EQ(distance(synchronized, train_synced(run, {})), 0.0);
    EXPECT_EQ(distance(of_one_rank[0], train_synced_on(1, run)[0]), 0.0);
  }
}

TEST(RanksBatchNormalizationAlone, LosesNothingWhereMeansAreLarge) {
  for (const char* engine : {"reference", "onednn"}) {
    SyncedRun run{.engine = engine, .epochs = 2, .offset = 1000.0F};
    const SyncedWeights one = train_synced(run, {});
    const auto all = train_synced_on(2, run);
    // The moving averages are of the order of the offset, whose last digit is 6e-5.
    EXPECT_LT(distance(one, all[0]), 5e-4) << engine;
    EXPECT_NEAR(one.history.logs.back().at("loss"), all[0].history.logs.back().at("loss"), 1e-4);
  }
}

TEST(RanksBatchNormalizationAlone, TakesMixedBfloat16) {
  for (const char* engine : {"reference", "onednn"}) {
    if (!backend::engine_by_name(engine).supports(backend::Precision::kMixedBFloat16)) continue;
    const SyncedRun run{
        .engine = engine, .precision = "mixed_bfloat16", .images = true, .epochs = 3};
    const SyncedWeights one = train_synced(run, {});
    const auto all = train_synced_on(4, run);
    EXPECT_EQ(distance(all[0], all[3]), 0.0);
    EXPECT_LT(distance(one, all[0]), 2e-3) << engine;
  }
}

TEST(RanksBatchNormalizationAlone, EndsOnAllRanksWhereOneHasABadBatch) {
  SyncedRun run{.epochs = 2};
  run.change = [](NamedTensors& data) {
    if (data[0].second.dim(0) == 50)
      data[0].second.data<float>()[17 * 6] = std::numeric_limits<float>::quiet_NaN();
  };
  const auto thrown = run_ranks(4, [&](std::unique_ptr<dist::Transport> transport) {
    train_synced(run, DistributionMaker::make(std::move(transport), {}));
  });
  for (const auto& each : thrown)
    EXPECT_THAT(text_of(each), AllOf(HasSubstr("error[D002]"), HasSubstr("sample 17")));
}

std::vector<Diagnostic> messages_of_ranks(int size, const SyncedRun& run) {
  std::mutex mutex;
  std::vector<Diagnostic> told;
  const MessageSink before = set_message_sink([&](const Diagnostic& message) {
    const std::lock_guard lock(mutex);
    told.push_back(message);
  });
  train_synced_on(size, run);
  set_message_sink(before);
  return told;
}

TEST(RanksBatchNormalizationAlone, IsToldOnceWithTheRemedyWhereItIsNotSynchronized) {
  SyncedRun run{.synchronized = false, .epochs = 2};
  const auto told = messages_of_ranks(2, run);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].severity, Severity::kNote);
  EXPECT_THAT(told[0].message, HasSubstr("3 layers of batch normalization: each of 2 ranks "
                                         "normalizes its own rows"));
  EXPECT_THAT(told[0].notes, ::testing::ElementsAre("norm_input", "norm_first", "norm_second"));
  EXPECT_THAT(told[0].fixes.at(0).text, HasSubstr("synchronized = true"));
  EXPECT_TRUE(messages_of_ranks(1, run).empty());
  run.synchronized = true;
  EXPECT_TRUE(messages_of_ranks(2, run).empty());
}

TEST(StepMeetingTest, RanksAtDifferentPlacesAreToldWithBoth) {
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    dist::Communicator communicator(std::move(transport));
    StepMeeting meeting(communicator, 0.5);
    const double own[] = {1.0, 2.0, 3.0};
    meeting.gather(communicator.rank() == 0 ? "left" : "right", own);
  });
  for (const auto& each : thrown) {
    EXPECT_THAT(text_of(each), AllOf(HasSubstr("error[R001]"),
                                     HasSubstr("ranks 0 and 1 are not at the same place of a step"),
                                     HasSubstr("rank 0: left"), HasSubstr("rank 1: right")));
  }
}

}  // namespace
}  // namespace tenon::train
