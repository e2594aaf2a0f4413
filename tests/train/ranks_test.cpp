// Several ranks train one model as one process does. The ranks are threads here; tests/cli has them
// as processes, over MPI.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/bad_samples.hpp"
#include "tenon/error.hpp"
#include "train/ranks_training.hpp"

namespace tenon::train {
namespace {

using namespace ranks_training;  // NOLINT(google-build-using-namespace)
using ::testing::AllOf;
using ::testing::HasSubstr;

class Ranks : public RanksEachWay {};

TEST_P(Ranks, TrainAsOneProcessDoesWithDropoutClippingAndAnUnevenLastBatch) {
  for (const auto& [optimizer, tolerance] : {std::pair{"sgd", 1e-6}, std::pair{"adam", 1e-4}}) {
    RankSetup setup = setup_of_way();
    setup.optimizer = optimizer;
    // 50 samples in batches of 8: the 7th has 2 rows, none for ranks 2 and 3.
    setup.fit.epochs = 8;
    setup.fit.validation_data = Dataset::from_tensors(testing::cell_data(21, 9)).batch(8);
    const Trained one = train_as(setup, {});
    for (const int size : {2, 4}) {
      const auto all = train_together(size, setup);
      EXPECT_LT(largest_difference(one, all[0]), tolerance) << optimizer << " " << size;
      expect_same_logs(one.history, all[0].history, 1e-4);
      for (const Trained& other : all) {
        EXPECT_EQ(largest_difference(all[0], other), 0.0);
        expect_same_logs(all[0].history, other.history, 0.0);
      }
    }
  }
}

TEST_P(Ranks, WithoutRowsInTheFirstStepTrainAlong) {
  RankSetup setup = setup_of_way();
  setup.samples = 3;
  setup.fit.epochs = 4;
  const Trained one = train_as(setup, {});
  const auto all = train_together(4, setup);
  EXPECT_LT(largest_difference(one, all[0]), 1e-6);
  for (const Trained& other : all) EXPECT_EQ(largest_difference(all[0], other), 0.0);
}

TEST_P(Ranks, WhoseFirstRowsAreAllBadTrainAlong) {
  RankSetup setup = setup_of_way();
  setup.fit.epochs = 2;
  // Every second row of the first batch: rank 1 has none left of it.
  setup.data = [] {
    return Dataset::from_tensors(testing::cell_data(24))
        .map([](Record& record) {
          const std::int64_t index = record.samples().front().index;
          if (index < 8 && index % 2 == 1) throw DataError(make_diagnostic("D001", "a bad one"));
        })
        .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.9})
        .batch(8);
  };
  const auto all = train_together(2, setup);
  EXPECT_EQ(largest_difference(all[0], all[1]), 0.0);
  EXPECT_EQ(all[0].history.bad_samples.size(), 4U);
}

TEST_P(Ranks, WhoseBatchIsAllBadGoOnWithTheNextAsOneProcessDoes) {
  for (const std::int64_t first : {0, 8}) {
    RankSetup setup = setup_of_way();
    setup.fit.epochs = 3;
    setup.data = [first] {
      return Dataset::from_tensors(testing::cell_data(32))
          .map([first](Record& record) {
            const std::int64_t index = record.samples().front().index;
            if (index >= first && index < first + 8)
              throw DataError(make_diagnostic("D001", "a bad one"));
          })
          .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 0.9})
          .batch(8);
    };
    const Trained one = train_as(setup, {});
    const auto all = train_together(2, setup);
    EXPECT_LT(largest_difference(one, all[0]), 1e-6);
    EXPECT_EQ(largest_difference(all[0], all[1]), 0.0);
    expect_same_logs(one.history, all[0].history, 1e-4);
  }
}

/// 200 samples of which 8 are bad, every one in the part of rank 1 of 2, and of 4.
Dataset with_bad_ones_of_one_rank(double max_bad) {
  return Dataset::from_tensors(testing::cell_data(200))
      .map([](Record& record) {
        const std::int64_t index = record.samples().front().index;
        if (index > 100 && index < 165 && index % 8 == 5)
          throw DataError(make_diagnostic("D001", "a bad one"));
      })
      .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = max_bad})
      .batch(8)
      .prefetch(2);
}

/// What ended a training, or its validation, and what it names.
struct Ended {
  std::string message{};
  std::vector<std::string> bad_samples{};
  std::string split{};
  bool operator==(const Ended&) const = default;
};
void PrintTo(const Ended& ended, std::ostream* stream) {
  *stream << ended.split << ": " << ended.message << ", " << ended.bad_samples.size() << " listed";
}

Ended ended_by(const std::exception_ptr& thrown) {
  Ended ended;
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const data::TooManyBadSamples& error) {
    ended.message = error.diagnostics().front().message;
    ended.split = error.diagnostics().front().run->split;
    for (const BadSample& bad : error.bad_samples())
      ended.bad_samples.push_back(bad.split + ": " + to_string(bad.sample));
  } catch (...) {
    ended.message = text_of(thrown);
  }
  return ended;
}

std::vector<Ended> how_ranks_end(int size, const RankSetup& setup) {
  std::vector<Ended> all;
  const auto thrown = run_ranks(size, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, ranks_of(setup, std::move(transport)));
  });
  for (const auto& each : thrown) all.push_back(ended_by(each));
  return all;
}

Ended how_one_ends(const RankSetup& setup) {
  try {
    train_as(setup, {});
  } catch (...) {
    return ended_by(std::current_exception());
  }
  return {};
}

TEST_P(Ranks, GoOnWithBadSamplesOfOneRankWhereOneProcessDoes) {
  RankSetup setup = setup_of_way();
  setup.fit.epochs = 2;
  setup.data = [] { return with_bad_ones_of_one_rank(0.06); };
  const Trained one = train_as(setup, {});
  ASSERT_EQ(one.history.bad_samples.size(), 8U);
  for (const int size : {2, 4}) {
    for (const Trained& rank : train_together(size, setup)) {
      ASSERT_EQ(rank.history.bad_samples.size(), 8U) << size;
      for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(rank.history.bad_samples[i].sample, one.history.bad_samples[i].sample);
    }
  }
}

TEST_P(Ranks, EndTogetherWithTooManyBadSamplesAsOneProcessDoes) {
  RankSetup setup = setup_of_way();
  setup.data = [] { return with_bad_ones_of_one_rank(0.04); };
  const Ended one = how_one_ends(setup);
  EXPECT_EQ(one.message, "6 of 142 samples read are bad (4.23 %), more than max_bad = 4.00 %");
  EXPECT_EQ(one.split, "train");
  for (const int size : {2, 4}) {
    for (const Ended& rank : how_ranks_end(size, setup)) EXPECT_EQ(rank, one) << size;
  }
}

TEST_P(Ranks, JudgeTheBadSamplesOfValidationTogether) {
  for (const double max_bad : {0.06, 0.03}) {
    RankSetup setup = setup_of_way();
    setup.change = [max_bad](int, Model&, FitArguments& arguments) {
      arguments.validation_data = with_bad_ones_of_one_rank(max_bad);
    };
    setup.data = [] { return with_bad_ones_of_one_rank(0.06); };
    const Ended one = how_one_ends(setup);
    EXPECT_EQ(one.split, max_bad == 0.03 ? "validation" : "");
    EXPECT_EQ(one.message.empty(), max_bad != 0.03) << one.message;
    for (const int size : {2, 4}) {
      for (const Ended& rank : how_ranks_end(size, setup)) EXPECT_EQ(rank, one) << size;
    }
  }
}

TEST_P(Ranks, GatherGradientsOfSeveralStepsAsOneProcessDoes) {
  RankSetup setup = setup_of_way();
  setup.optimizer = "adam";
  setup.optimizer.gradient_accumulation_steps = 3;
  setup.fit.epochs = 4;  // 28 steps: the last of an epoch is sometimes the one that updates.
  const Trained one = train_as(setup, {});
  for (const int size : {2, 4}) {
    const auto all = train_together(size, setup);
    EXPECT_LT(largest_difference(one, all[0]), 1e-5) << size;
    for (const Trained& other : all) EXPECT_EQ(largest_difference(all[0], other), 0.0);
  }
}

TEST_P(Ranks, BucketsOfAnySizeGiveTheSameBits) {
  RankSetup setup = setup_of_way();
  setup.optimizer = "adam";
  setup.fit.epochs = 2;
  const auto large = train_together(2, setup);
  setup.options.bucket_megabytes = 1e-5;
  const auto small = train_together(2, setup);
  EXPECT_EQ(largest_difference(large[0], small[0]), 0.0);
}

TEST_P(Ranks, AverageTheStatisticsOfBatchNormalization) {
  RankSetup setup = setup_of_way();
  setup.normalized = true;
  setup.fit.epochs = 2;
  const auto all = train_together(2, setup);
  EXPECT_EQ(largest_difference(all[0], all[1]), 0.0);
  const Trained one = train_as(setup, {});
  // The mean of halves' means is the whole's mean; each half was normalized by itself.
  EXPECT_LT(largest_difference(one, all[0]), 0.5);
  EXPECT_GT(largest_difference(one, all[0]), 0.0);
}

TEST_P(Ranks, OnABFloat16WireTrainAlmostAsOneProcessAndAlike) {
  RankSetup setup = setup_of_way();
  setup.options.wire = "bfloat16";
  setup.fit.epochs = 2;
  const auto all = train_together(2, setup);
  EXPECT_EQ(largest_difference(all[0], all[1]), 0.0);
  setup.options.wire = "float32";
  EXPECT_LT(largest_difference(train_as(setup, {}), all[0]), 0.01);
}

TEST_P(Ranks, InMixedBFloat16TrainAlmostAsOneProcessAndAlike) {
  RankSetup setup = setup_of_way();
  setup.precision = "mixed_bfloat16";
  const backend::Engine& engine = backend::engine_by_name(setup.engine);
  if (!engine.supports(backend::Precision::kMixedBFloat16))
    GTEST_SKIP() << "skipped: " << engine.obstacle(backend::Precision::kMixedBFloat16);
  setup.fit.epochs = 3;
  const Trained one = train_as(setup, {});
  for (const int size : {2, 4}) {
    const auto all = train_together(size, setup);
    for (const Trained& other : all) EXPECT_EQ(largest_difference(all[0], other), 0.0);
    EXPECT_LT(largest_difference(one, all[0]), 0.02) << size;
    EXPECT_NEAR(one.history.logs.back().at("loss"), all[0].history.logs.back().at("loss"), 0.02);
  }
}

TEST_P(Ranks, OneRanksBadBatchEndsAllAndNoWeightIsTouched) {
  RankSetup setup = setup_of_way();
  setup.data = [] {
    NamedTensors data = testing::cell_data(50);
    data[3].second.data<float>()[13] = 3e38F;  // Row 5 of the second batch: rank 1's.
    return Dataset::from_tensors(data).batch(8);
  };
  std::vector<std::vector<std::shared_ptr<Variable>>> weights(2);
  setup.change = [&](int rank, Model& model, FitArguments& arguments) {
    weights[static_cast<std::size_t>(rank)] = model.weights();
    arguments.steps_per_epoch = 5;
  };
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, ranks_of(setup, std::move(transport)));
  });
  for (const auto& each : thrown)
    EXPECT_THAT(text_of(each), AllOf(HasSubstr("error[D002]"), HasSubstr("step 2"),
                                     HasSubstr("it happened on rank 1 of 2")));
  for (std::size_t i = 0; i < weights[0].size(); ++i) {
    const Tensor first = weights[0][i]->value();
    EXPECT_TRUE(first.equals(weights[1][i]->value()));
    for (const float value : first.data<float>()) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_P(Ranks, AWeightTwiceUsedHasOneGradient) {
  const auto trained = [&](const Distribution& ranks) {
    const SymbolicTensor left = Input({4}, {.name = "Small"});
    const SymbolicTensor right = Input({4}, {.name = "Other"});
    const Dense shared(5, {.activation = "relu", .name = "shared"});
    Model model({left, right},
                {Dense(1, {.name = "age"})(Concatenate()({shared(left), shared(right)}))});
    model.initialize(5);
    model.compile({.optimizer = "sgd", .loss = "mse", .engine = GetParam().engine, .threads = 1});
    const Tensor x = random_uniform({22, 4}, 1);
    const Tensor y = random_uniform({22, 4}, 2);
    const Tensor age = random_uniform({22, 1}, 3);
    model.fit(Dataset::from_tensors({{"Small", x}, {"Other", y}, {"age", age}}).batch(8),
              {.epochs = 3, .verbose = 0, .distribution = ranks});
    Trained all;
    for (const auto& weight : model.weights()) all.weights.push_back(weight->value().clone());
    return all;
  };
  const Trained one = trained({});
  Trained first;
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    const bool zero = transport->rank() == 0;
    RankSetup setup = setup_of_way();
    const Trained own = trained(ranks_of(setup, std::move(transport)));
    if (zero) first = own;
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  EXPECT_LT(largest_difference(one, first), 1e-6);
}

TEST(RanksOfOneMachine, SendNoGradients) {
  if (!backend::has_onednn_engine()) GTEST_SKIP() << "skipped: no onednn engine";
  const auto bytes = [](bool messages) {
    RankSetup setup{.engine = "onednn", .messages = messages};
    std::size_t sent = 0;
    const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
      auto* own = static_cast<test::ThreadTransport*>(transport.get());
      const bool zero = own->rank() == 0;
      const Distribution ranks = ranks_of(setup, std::move(transport));
      train_as(setup, ranks);
      if (zero) sent = own->bytes_sent();
    });
    for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
    return sent;
  };
  // 7 steps, some 110 gradients.
  EXPECT_LT(bytes(false) + 7 * 4 * 100, bytes(true));
}

INSTANTIATE_TEST_SUITE_P(Engines, Ranks,
                         ::testing::Values(Way{"reference", "reference", false},
                                           Way{"onednn", "onednn", false},
                                           Way{"onednn_by_messages", "onednn", true}),
                         [](const auto& named) { return std::string(named.param.name); });

TEST(RanksData, WholeBatchesGiveTheSameWhereTheDataCannotBeSplit) {
  RankSetup setup;
  setup.fit.epochs = 2;
  setup.fit.steps_per_epoch = 9;
  setup.data = [] {
    return Dataset::from_tensors(testing::cell_data(50)).shuffle(16).batch(7).repeat();
  };
  const Trained one = train_as(setup, {});
  const auto all = train_together(2, setup);
  EXPECT_LT(largest_difference(one, all[0]), 1e-6);
}

TEST(RanksData, ADroppedRemainderIsDroppedByAll) {
  RankSetup setup;
  setup.fit.epochs = 3;
  setup.data = [] {
    return Dataset::from_tensors(testing::cell_data(47))
        .shuffle(16)
        .batch(8, {.drop_remainder = true});
  };
  const Trained one = train_as(setup, {});
  const auto all = train_together(2, setup);
  EXPECT_LT(largest_difference(one, all[0]), 1e-6);
  expect_same_logs(one.history, all[0].history, 1e-4);
}

/// On rank 0 alone; the others do what it decides.
class StopAndSlow : public Callback {
 public:
  std::string name() const override { return "StopAndSlow"; }
  void on_train_batch_end(TrainingControl& control, const StepInfo& info, const Logs&) override {
    ++steps;
    examples += info.examples;
    if (steps == 3) control.set_learning_rate(1e-5);
    if (steps == 10) control.stop_training();
  }
  int steps = 0;
  std::int64_t examples = 0;
};

TEST(RanksCallbacks, OnRankZeroDecideForAll) {
  RankSetup setup;
  setup.fit.epochs = 5;
  std::vector<std::shared_ptr<StopAndSlow>> callbacks;
  for (int i = 0; i < 3; ++i) callbacks.push_back(std::make_shared<StopAndSlow>());
  setup.change = [&](int rank, Model&, FitArguments& arguments) {
    arguments.callbacks = {callbacks[static_cast<std::size_t>(rank)]};
  };
  const Trained one = train_as(setup, {});
  callbacks[0] = std::make_shared<StopAndSlow>();
  const auto all = train_together(2, setup);
  EXPECT_EQ(callbacks[0]->steps, 10);
  EXPECT_EQ(callbacks[0]->examples, 50 + 3 * 8);
  EXPECT_EQ(callbacks[1]->steps, 0);
  EXPECT_LT(largest_difference(one, all[0]), 1e-6);
  EXPECT_EQ(largest_difference(all[0], all[1]), 0.0);
  EXPECT_TRUE(all[1].history.stopped_early);
}

TEST(RanksCallbacks, WeightsThatEarlyStoppingRestoresAreTheSameOnAllRanks) {
  RankSetup setup;
  setup.optimizer = "adam";
  setup.fit.epochs = 6;
  setup.fit.validation_data = Dataset::from_tensors(testing::cell_data(20, 9)).batch(8);
  setup.change = [](int, Model&, FitArguments& arguments) {
    // The loss falls, so by this the first epoch is the best.
    arguments.callbacks = {EarlyStopping(
        {.monitor = "val_loss", .patience = 2, .mode = "max", .restore_best_weights = true})};
  };
  const auto all = train_together(2, setup);
  EXPECT_EQ(largest_difference(all[0], all[1]), 0.0);
  EXPECT_EQ(all[0].history.logs.size(), all[1].history.logs.size());
  EXPECT_EQ(all[1].history.logs.size(), 3U);
}

TEST(RanksDiffer, IsToldWithBothSidesBeforeTheFirstStep) {
  RankSetup setup;
  setup.change = [](int rank, Model&, FitArguments& arguments) {
    if (rank == 1) arguments.seed = 12;
  };
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, DistributionMaker::make(std::move(transport), {}));
  });
  for (const auto& each : thrown) {
    EXPECT_THAT(text_of(each),
                AllOf(HasSubstr("error[R001]"),
                      HasSubstr("ranks 0 and 1 are not about to train the same: seed"),
                      HasSubstr("rank 0: 11"), HasSubstr("rank 1: 12")));
  }
}

TEST(RanksDiffer, IsToldOfWhatIsNoPartOfTheModelToo) {
  const auto differs = [](const std::function<void(FitArguments&)>& change) {
    RankSetup setup;
    setup.fit.validation_data = Dataset::from_tensors(testing::cell_data(21, 9)).batch(8);
    setup.change = [&](int rank, Model&, FitArguments& arguments) {
      if (rank == 1) change(arguments);
    };
    const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
      train_as(setup, DistributionMaker::make(std::move(transport), {}));
    });
    return text_of(thrown[0]);
  };
  EXPECT_THAT(differs([](FitArguments& fit) {
                fit.class_weight = {{"cell", {1.0, 2.0, 3.0}}};
              }),
              HasSubstr("are not about to train the same: class_weight"));
  EXPECT_THAT(differs([](FitArguments& fit) { fit.validation_steps = 1; }),
              HasSubstr("are not about to train the same: validation_steps"));
  EXPECT_THAT(
      differs([](FitArguments& fit) {
        fit.validation_data =
            fit.validation_data->on_bad_sample({.policy = BadSamplePolicy::kSkip});
      }),
      AllOf(HasSubstr("are not about to train the same: validation data"),
            HasSubstr("rank 0: on_bad_sample stop"), HasSubstr("rank 1: on_bad_sample skip")));
}

TEST(RanksDiffer, ModelsAreTold) {
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    const Distribution ranks = DistributionMaker::make(std::move(transport), {});
    RankSetup setup;
    setup.normalized = ranks.rank() == 1;
    train_as(setup, ranks);
  });
  EXPECT_THAT(text_of(thrown[0]),
              AllOf(HasSubstr("are not about to train the same: model"),
                    HasSubstr("rank 0: /config/layers/"), HasSubstr("BatchNormalization")));
}

TEST(RanksFail, OneRanksBadBatchEndsAllWithItsDiagnosticAndNoWeightIsTouched) {
  RankSetup setup;
  setup.fit.epochs = 2;
  setup.data = [] {
    NamedTensors data = testing::cell_data(50);
    // Row 21 is row 5 of the third batch: rank 1's.
    data[0].second.data<float>()[21 * 4] = std::numeric_limits<float>::quiet_NaN();
    return Dataset::from_tensors(data).batch(8);
  };
  const auto thrown = run_ranks(4, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, DistributionMaker::make(std::move(transport), {}));
  });
  for (std::size_t rank = 0; rank < 4; ++rank) {
    EXPECT_THAT(text_of(thrown[rank]),
                AllOf(HasSubstr("error[D002]"), HasSubstr("sample 21"), HasSubstr("step 3")))
        << rank;
    if (rank != 1) {
      EXPECT_THAT(text_of(thrown[rank]), HasSubstr("it happened on rank 1 of 4"));
    }
  }
}

TEST(RanksFail, ALossThatIsNotFiniteOnOneRankIsDecidedByAllTogether) {
  RankSetup setup;
  setup.data = [] {
    NamedTensors data = testing::cell_data(50);
    data[3].second.data<float>()[13] = 3e38F;  // Row 5 of the second batch: rank 1's.
    return Dataset::from_tensors(data).batch(8);
  };
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, DistributionMaker::make(std::move(transport), {}));
  });
  for (const auto& each : thrown) {
    EXPECT_THAT(text_of(each), AllOf(HasSubstr("error[D002]"), HasSubstr("step 2"),
                                     HasSubstr("it happened on rank 1 of 2")));
  }
}

TEST(RanksFail, ACallbackThatThrowsOnRankZeroEndsAll) {
  class Throws : public Callback {
   public:
    std::string name() const override { return "Throws"; }
    void on_epoch_end(TrainingControl&, std::int64_t, const Logs&) override {
      throw FormatError(make_diagnostic("F001", "the disk is full"));
    }
  };
  RankSetup setup;
  setup.change = [](int, Model&, FitArguments& arguments) {
    arguments.callbacks = {std::make_shared<Throws>()};
  };
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, DistributionMaker::make(std::move(transport), {}));
  });
  EXPECT_THAT(text_of(thrown[0]), HasSubstr("the disk is full"));
  EXPECT_THAT(text_of(thrown[1]),
              AllOf(HasSubstr("the disk is full"), HasSubstr("it happened on rank 0 of 2")));
}

TEST(RanksRefuse, LossesThatAreNoMeanOverRowsAndWordsThatAreNone) {
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    Model model = ranks_model(false);
    model.compile({.optimizer = "sgd",
                   .loss = {{"cell", "sparse_categorical_crossentropy"},
                            {"age", losses::MeanSquaredError({.reduction = "sum"})}},
                   .engine = "reference"});
    model.fit(Dataset::from_tensors(testing::cell_data(16)).batch(8),
              {.verbose = 0, .distribution = DistributionMaker::make(std::move(transport), {})});
  });
  EXPECT_THAT(text_of(thrown[0]),
              AllOf(HasSubstr("error[A001]"), HasSubstr("reduction \"sum\" over several ranks")));
  try {
    DistributionMaker::make(
        std::make_unique<test::ThreadTransport>(std::make_shared<test::ThreadWorld>(1), 0),
        {.wire = "float16"});
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("float16"), HasSubstr("bfloat16")));
  }
}

}  // namespace
}  // namespace tenon::train
