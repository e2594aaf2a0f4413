// Another number of ranks: states that go on with it, batches and learning rates that grow with it,
// and ends that any of them asks for. The ranks are threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "support/thread_ranks.hpp"
#include "support/weight_difference.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/distribution_maker.hpp"
#include "train/small_models.hpp"

namespace tenon::train {
namespace {

namespace fs = std::filesystem;
using test::run_ranks;
using test::text_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct ElasticSetup {
  std::string optimizer = "sgd";
  double learning_rate = 0.05;
  std::int64_t batch = 12;
  FitArguments fit{};
  MpiOptions options{};
  std::function<void(int, FitArguments&)> change{};  ///< By rank.
  bool bad_samples = false;
  double max_bad = 0.9;
};

struct ElasticRun {
  std::vector<Tensor> weights;
  double learning_rate = 0.0;
  History history;
};

class LearningRateAtEnd : public Callback {
 public:
  std::string name() const override { return "LearningRateAtEnd"; }
  void on_train_end(TrainingControl& control, const Logs&) override {
    value = control.learning_rate();
  }
  double value = 0.0;
};

ElasticRun train_elastic(const ElasticSetup& setup, const Distribution& distribution) {
  const SymbolicTensor small = Input({4}, {.name = "Small"});
  const SymbolicTensor large = Input({6}, {.name = "Large"});
  const SymbolicTensor hidden =
      Dense(7, {.activation = "tanh", .name = "hidden"})(Concatenate()({small, large}));
  Model model({small, large}, {Dense(3, {.activation = "softmax", .name = "cell"})(hidden),
                               Dense(1, {.name = "age"})(hidden)});
  model.initialize(5);
  Optimizer optimizer = setup.optimizer;
  optimizer.learning_rate = setup.learning_rate;
  model.compile({.optimizer = optimizer,
                 .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}},
                 .engine = "reference",
                 .threads = 1});
  FitArguments arguments = setup.fit;
  arguments.verbose = 0;
  arguments.seed = 11;
  arguments.data_threads = 1;
  arguments.distribution = distribution;
  if (setup.change) setup.change(distribution.rank(), arguments);
  const auto rate = std::make_shared<LearningRateAtEnd>();
  arguments.callbacks.push_back(rate);
  ElasticRun run;
  Dataset data = Dataset::from_tensors(testing::cell_data(70)).shuffle(16);
  if (setup.bad_samples) {
    data = data.map([](Record& record) {
      if (std::abs(record[0].data<float>()[0]) > 0.8F)
        throw DataError(make_diagnostic("D001", "a bad one"));
    });
    data = data.on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = setup.max_bad});
  }
  run.history = model.fit(data.batch(setup.batch).prefetch(2), arguments);
  run.learning_rate = rate->value;
  for (const auto& weight : model.weights()) run.weights.push_back(weight->value().clone());
  return run;
}

/// 0 ranks: one process without MPI.
std::vector<ElasticRun> train_on(int ranks, const ElasticSetup& setup) {
  if (ranks == 0) return {train_elastic(setup, {})};
  std::vector<ElasticRun> all(static_cast<std::size_t>(ranks));
  const auto thrown = run_ranks(ranks, [&](std::unique_ptr<dist::Transport> transport) {
    const int rank = transport->rank();
    all[static_cast<std::size_t>(rank)] =
        train_elastic(setup, DistributionMaker::make(std::move(transport), setup.options));
  });
  for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
  return all;
}

double farthest(const ElasticRun& a, const ElasticRun& b) {
  return testing::largest_difference(a.weights, b.weights);
}

/// Ends the training after so many steps, as Ctrl-C does where a state is kept.
class EndWithState : public Callback {
 public:
  explicit EndWithState(int steps) : left_(steps) {}
  std::string name() const override { return "EndWithState"; }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    if (--left_ <= 0) control.request_state();
  }
  void on_state(TrainingControl& control, const TrainingState&) override {
    if (left_ <= 0) control.stop_at_once();
  }

 private:
  int left_;
};

class Elastic : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_elastic_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Leaves a state of so many ranks in `name`.
  void leave_state(const std::string& name, int ranks, ElasticSetup setup, int steps) const {
    setup.change = [&](int, FitArguments& arguments) {
      arguments.callbacks = {BackupAndRestore((folder_ / name).string(),
                                              {.save_freq = "1000", .delete_checkpoint = false}),
                             std::make_shared<EndWithState>(steps)};
    };
    train_on(ranks, setup);
    ASSERT_TRUE(fs::exists(folder_ / name / "state.keras"));
  }
  ElasticRun go_on(const std::string& name, int ranks, ElasticSetup setup) const {
    setup.change = [&](int, FitArguments& arguments) {
      arguments.resume = ResumeFrom((folder_ / name).string());
    };
    return train_on(ranks, setup).front();
  }

  fs::path folder_;
};

TEST_F(Elastic, AnyNumberOfRanksGoesOnFromTheMiddleOfAnEpochOfAnyOther) {
  ElasticSetup setup;
  setup.fit.epochs = 3;
  const ElasticRun undisturbed = train_on(0, setup).front();
  for (const int before : {0, 4, 5}) {
    const std::string name = "of" + std::to_string(before);
    leave_state(name, before, setup, 8);
    for (const int after : {0, 1, 3, 4}) {
      const ElasticRun run = go_on(name, after, setup);
      EXPECT_LT(farthest(undisturbed, run), 1e-6) << before << " ranks, then " << after;
      EXPECT_EQ(run.history.logs.size(), 3U);
    }
  }
}

TEST_F(Elastic, BadSamplesChangeNothingOfThat) {
  ElasticSetup setup;
  setup.fit.epochs = 3;
  setup.bad_samples = true;
  setup.batch = 4;  // Some ranks have batches of bad samples alone.
  const ElasticRun undisturbed = train_on(2, setup).front();
  EXPECT_GT(undisturbed.history.bad_samples.size(), 10U);
  leave_state("bad", 2, setup, 22);
  for (const int after : {0, 2, 4}) {
    const ElasticRun run = go_on("bad", after, setup);
    EXPECT_LT(farthest(undisturbed, run), 1e-6) << after;
  }
  EXPECT_EQ(farthest(undisturbed, go_on("bad", 2, setup)), 0.0);
}

/// What ends it, by rank; "" where nothing does.
std::vector<std::string> ends_of(int ranks, const ElasticSetup& setup) {
  std::vector<std::string> ends;
  const auto thrown = run_ranks(ranks, [&](std::unique_ptr<dist::Transport> transport) {
    train_elastic(setup, DistributionMaker::make(std::move(transport), setup.options));
  });
  for (const auto& each : thrown) {
    try {
      if (each) std::rethrow_exception(each);
      ends.emplace_back();
    } catch (const DataError& error) {
      ends.push_back(error.diagnostics().front().message);
    }
  }
  return ends;
}

TEST_F(Elastic, TooManyBadSamplesEndARunThatWentOnWhereTheyWouldHaveBefore) {
  ElasticSetup setup;
  setup.fit.epochs = 3;
  setup.bad_samples = true;
  setup.max_bad = 0.18;  // Judged at the end of the first epoch.
  const std::string end = ends_of(1, setup).front();
  EXPECT_EQ(end, "13 of 70 samples read are bad (18.57 %), more than max_bad = 18.00 %");
  for (const int before : {2, 3}) {
    const std::string name = "over" + std::to_string(before);
    leave_state(name, before, setup, 4);
    for (const int after : {1, 2, 4}) {
      ElasticSetup other = setup;
      other.change = [&](int, FitArguments& arguments) {
        arguments.resume = ResumeFrom((folder_ / name).string());
      };
      for (const std::string& each : ends_of(after, other))
        EXPECT_EQ(each, end) << before << " ranks, then " << after;
    }
  }
  setup.max_bad = 0.9;
  leave_state("list", 3, setup, 4);
  EXPECT_EQ(go_on("list", 2, setup).history.bad_samples.size(),
            train_on(2, setup).front().history.bad_samples.size())
      << "of all ranks, also those met before";
}

TEST_F(Elastic, WithABatchForEachRankMoreRanksAreALargerBatchAndALearningRate) {
  ElasticSetup one;
  one.fit.epochs = 2;
  one.learning_rate = 0.1;
  ElasticSetup two = one;
  two.batch = 6;
  two.learning_rate = 0.05;
  two.options = {.batch_per_rank = true, .scale_learning_rate = "linear"};
  std::vector<std::string> told;
  set_message_sink([&](const Diagnostic& note) { told.push_back(note.message); });
  const auto runs = train_on(2, two);
  set_message_sink({});
  EXPECT_LT(farthest(train_on(0, one).front(), runs[0]), 1e-6);
  EXPECT_EQ(runs[1].learning_rate, 0.0);  // Callbacks run on rank 0.
  EXPECT_DOUBLE_EQ(runs[0].learning_rate, 0.1);
  EXPECT_THAT(told, ::testing::Contains(HasSubstr("the learning rate 0.05 is 0.1 on 2 ranks: "
                                                  "scale_learning_rate = \"linear\"")));
}

/// Takes the steps that a warm-up of four takes, by hand.
class WarmUpByHand : public Callback {
 public:
  std::string name() const override { return "WarmUpByHand"; }
  void on_train_begin(TrainingControl& control) override { control.set_learning_rate(0.05); }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    ++steps_;
    control.set_learning_rate(0.05 + 0.05 * std::min(steps_, 4) / 4.0);
  }

 private:
  int steps_ = 0;
};

TEST_F(Elastic, AWarmUpGrowsFromTheRateOfOneProcessAlsoOverAState) {
  ElasticSetup by_hand;
  by_hand.fit.epochs = 2;
  by_hand.fit.callbacks = {std::make_shared<WarmUpByHand>()};
  const ElasticRun expected = train_on(0, by_hand).front();
  ElasticSetup setup;
  setup.fit.epochs = 2;
  setup.batch = 6;
  setup.options = {.batch_per_rank = true, .scale_learning_rate = "linear", .warmup_steps = 4};
  EXPECT_LT(farthest(expected, train_on(2, setup)[0]), 1e-6);
  leave_state("warm", 2, setup, 2);
  EXPECT_LT(farthest(expected, go_on("warm", 2, setup)), 1e-6);
}

TEST_F(Elastic, AnotherNumberOfBatchesAStepIsToldWithItsLearningRate) {
  ElasticSetup setup;
  setup.fit.epochs = 2;
  setup.batch = 4;
  setup.options = {.batch_per_rank = true, .scale_learning_rate = "sqrt"};
  leave_state("four", 4, setup, 2);
  std::vector<std::string> told;
  set_message_sink([&](const Diagnostic& note) { told.push_back(render_text(note)); });
  const ElasticRun run = go_on("four", 1, setup);
  set_message_sink({});
  EXPECT_DOUBLE_EQ(run.learning_rate, 0.05);
  EXPECT_THAT(told, ::testing::Contains(
                        AllOf(HasSubstr("the training goes on with 4 rows in a step, not with 16"),
                              HasSubstr("it ran on 4 ranks, and now on 1"))));
  EXPECT_THAT(told, ::testing::Contains(HasSubstr("the learning rate 0.1 is 0.05 on 1 rank:")));
}

TEST_F(Elastic, AnEndThatAnyRankAsksForIsHeardByAll) {
  for (const int who : {0, 1, 2}) {
    ElasticSetup setup;
    setup.fit.epochs = 1000;
    std::vector<int> asked(3);
    class Listens : public Callback {
     public:
      std::string name() const override { return "Listens"; }
      void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
        if (control.interrupted()) control.stop_at_once();
      }
    };
    setup.change = [&](int rank, FitArguments& arguments) {
      arguments.callbacks = {std::make_shared<Listens>()};
      arguments.interrupted = [&asked, rank, who] {
        return ++asked[static_cast<std::size_t>(rank)] > 9 && rank == who;
      };
    };
    for (const ElasticRun& run : train_on(3, setup)) {
      EXPECT_TRUE(run.history.interrupted) << who;
      EXPECT_LT(run.history.logs.size(), 9U);
    }
  }
}

TEST_F(Elastic, OptionsThatDoNotGoTogetherAreRefused) {
  const auto problem = [](MpiOptions options) {
    try {
      DistributionMaker::make(
          std::make_unique<test::ThreadTransport>(std::make_shared<test::ThreadWorld>(1), 0),
          std::move(options));
    } catch (const ContractError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(problem({.scale_learning_rate = "linear"}), HasSubstr("without batch_per_rank"));
  EXPECT_THAT(problem({.batch_per_rank = true, .scale_learning_rate = "linea"}),
              HasSubstr("\"linear\""));
  EXPECT_THAT(problem({.batch_per_rank = true, .warmup_steps = 5}),
              HasSubstr("warmup_steps = 5 with scale_learning_rate = \"none\""));
  EXPECT_EQ(problem({.batch_per_rank = true, .scale_learning_rate = "sqrt", .warmup_steps = 5}),
            "");
}

TEST_F(Elastic, ABatchForEachRankOfDataThatCannotBeSharedIsRefused) {
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    const SymbolicTensor input = Input({4}, {.name = "Small"});
    Model model({input}, {Dense(1, {.name = "age"})(input)});
    model.compile({.loss = {{"age", "mse"}}, .engine = "reference"});
    NamedTensors data = {{"Small", Tensor(DType::kFloat32, {8, 4})},
                         {"age", Tensor(DType::kFloat32, {8, 1})}};
    model.fit(
        Dataset::from_tensors(data).batch(4).repeat(),
        {.steps_per_epoch = 2,
         .verbose = 0,
         .distribution = DistributionMaker::make(std::move(transport), {.batch_per_rank = true})});
  });
  EXPECT_THAT(text_of(thrown[0]),
              AllOf(HasSubstr("batch_per_rank with training data that ranks cannot share"),
                    HasSubstr("repeat stands behind batch")));
}

}  // namespace
}  // namespace tenon::train
