// Ranks of one machine divide the updates of weights: nothing may be other than where each rank
// does all of them.
#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <mutex>

#include "ranks_training.hpp"
#include "tenon/callbacks.hpp"

namespace tenon::train::ranks_training {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DividedUpdatesOfRanks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!backend::has_onednn_engine())
      GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
  }
};

RankSetup divided_setup() {
  RankSetup setup{.engine = "onednn"};
  setup.optimizer = Adam({.learning_rate = 0.01});
  setup.global_clipnorm.reset();
  setup.fit.epochs = 3;
  return setup;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.byte_size() == b.byte_size() && std::memcmp(a.bytes(), b.bytes(), a.byte_size()) == 0;
}

void expect_same_bits(const Trained& a, const Trained& b, const std::string& what) {
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (std::size_t i = 0; i < a.weights.size(); ++i)
    EXPECT_TRUE(same_bits(a.weights[i], b.weights[i])) << what << ", weight " << i;
  ASSERT_EQ(a.slots.size(), b.slots.size());
  for (std::size_t i = 0; i < a.slots.size(); ++i) {
    EXPECT_TRUE(same_bits(a.slots[i].second, b.slots[i].second))
        << what << ", " << a.slots[i].first;
  }
}

void expect_as_whole(int size, RankSetup setup, const std::string& what) {
  const auto divided = train_together(size, setup);
  setup.whole_updates = true;
  const Trained whole = train_together(size, setup).front();
  EXPECT_FALSE(whole.divided);
  for (std::size_t rank = 0; rank < divided.size(); ++rank) {
    const std::string where =
        what + ", rank " + std::to_string(rank) + " of " + std::to_string(size);
    EXPECT_TRUE(divided[rank].divided) << where;
    expect_same_bits(divided[rank], whole, where);
  }
}

TEST_F(DividedUpdatesOfRanks, GiveTheBitsOfWholeOnes) {
  const std::vector<std::pair<std::string, Optimizer>> optimizers = {
      {"sgd", SGD({.learning_rate = 0.05})},
      {"momentum", SGD({.learning_rate = 0.05, .momentum = 0.9, .nesterov = true})},
      {"adam", Adam({.learning_rate = 0.01})},
      {"amsgrad", Adam({.learning_rate = 0.01, .amsgrad = true})},
      {"adamw", AdamW({.learning_rate = 0.01})},
      {"rmsprop", RMSprop({.learning_rate = 0.01, .momentum = 0.5, .centered = true})}};
  for (const auto& [name, optimizer] : optimizers) {
    RankSetup setup = divided_setup();
    setup.optimizer = optimizer;
    // The last batch of an epoch has two rows: with more ranks some have none.
    for (const int size : {2, 3, 5}) expect_as_whole(size, setup, name);
  }
  RankSetup normalized = divided_setup();
  normalized.normalized = true;
  expect_as_whole(2, normalized, "batch normalization");
}

TEST_F(DividedUpdatesOfRanks, AreThoseOfOptimizersThatTakeGradientsAsTheyAre) {
  RankSetup setup = divided_setup();
  setup.global_clipnorm = 1.0;
  EXPECT_FALSE(train_together(2, setup).front().divided);
  setup.global_clipnorm.reset();
  setup.optimizer = Adam({.gradient_accumulation_steps = 2});
  EXPECT_FALSE(train_together(2, setup).front().divided);
  setup = divided_setup();
  setup.messages = true;
  EXPECT_FALSE(train_together(2, setup).front().divided);
}

/// Keeps the optimizer's slots of some steps, as a state that is written there does.
class SlotReader : public Callback {
 public:
  using Slots = std::vector<std::pair<std::string, Tensor>>;
  SlotReader(Model& model, std::vector<Slots>& taken) : model_(model), taken_(taken) {}
  std::string name() const override { return "SlotReader"; }
  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    if (info.step % 3 == 1) taken_.push_back(model_.trainer()->state().read_slots());
  }

 private:
  Model& model_;
  std::vector<Slots>& taken_;
};

TEST_F(DividedUpdatesOfRanks, GiveAllSlotsToAStateBehindAnyStep) {
  std::vector<std::vector<SlotReader::Slots>> both;
  for (const bool whole : {false, true}) {
    RankSetup setup = divided_setup();
    setup.whole_updates = whole;
    std::vector<SlotReader::Slots> taken;
    setup.change = [&](int rank, Model& model, FitArguments& arguments) {
      if (rank == 0) arguments.callbacks = {std::make_shared<SlotReader>(model, taken)};
    };
    train_together(3, setup);
    both.push_back(taken);
  }
  ASSERT_GT(both[0].size(), 5U);
  ASSERT_EQ(both[0].size(), both[1].size());
  for (std::size_t i = 0; i < both[0].size(); ++i) {
    for (std::size_t k = 0; k < both[0][i].size(); ++k) {
      EXPECT_TRUE(same_bits(both[0][i][k].second, both[1][i][k].second))
          << both[0][i][k].first << ", taken " << i;
    }
  }
}

TEST_F(DividedUpdatesOfRanks, GoOnAloneWithAllSlots) {
  std::vector<Trained> both;
  for (const bool whole : {false, true}) {
    RankSetup setup = divided_setup();
    setup.whole_updates = whole;
    setup.fit.epochs = 1;
    std::vector<Trained> all(2);
    const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
      const auto rank = static_cast<std::size_t>(transport->rank());
      const Distribution ranks = ranks_of(setup, std::move(transport));
      Model model = ranks_model(false);
      model.initialize(5);
      model.compile({.optimizer = setup.optimizer,
                     .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}},
                     .engine = setup.engine,
                     .threads = 1});
      FitArguments arguments = setup.fit;
      arguments.verbose = 0;
      const Dataset data = Dataset::from_tensors(tenon::testing::cell_data(50)).batch(8);
      arguments.distribution = ranks;
      model.fit(data, arguments);
      if (rank == 0) model.get_layer("hidden").set_trainable(false);
      arguments.distribution = {};
      model.fit(data, arguments);
      all[rank].slots = model.trainer()->state().read_slots();
      for (const auto& weight : model.weights())
        all[rank].weights.push_back(weight->value().clone());
    });
    for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
    both.insert(both.end(), all.begin(), all.end());
  }
  expect_same_bits(both[0], both[2], "rank 0, where a layer was frozen");
  expect_same_bits(both[1], both[3], "rank 1");
}

/// In sample 21.
Dataset with_a_number(const std::string& wanted, float number) {
  NamedTensors tensors = tenon::testing::cell_data(50);
  for (auto& [key, tensor] : tensors) {
    if (key == wanted)
      tensor.data<float>()[21 * static_cast<std::size_t>(tensor.byte_size() / 4 / 50)] = number;
  }
  return Dataset::from_tensors(tensors).batch(8);
}

TEST_F(DividedUpdatesOfRanks, LeaveGradientsThatAreNotFiniteToTheGuard) {
  RankSetup setup = divided_setup();
  setup.data = [] { return with_a_number("age", 3e38F); };
  std::vector<std::string> told;
  for (const bool whole : {false, true}) {
    setup.whole_updates = whole;
    const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
      train_as(setup, ranks_of(setup, std::move(transport)));
    });
    for (const auto& each : thrown) told.push_back(text_of(each));
  }
  EXPECT_THAT(told[0], HasSubstr("D002"));
  EXPECT_EQ(told[0], told[1]);
  EXPECT_EQ(told[0], told[2]);
  setup.whole_updates = false;
  setup.fit.check_finite = false;
  setup.data = [] { return with_a_number("Large", std::numeric_limits<float>::quiet_NaN()); };
  expect_as_whole(2, setup, "not looked at");
}

/// As a callback that the user wrote might, on rank 0, where callbacks run.
class WeightChanger : public Callback {
 public:
  explicit WeightChanger(Model& model) : model_(model) {}
  std::string name() const override { return "WeightChanger"; }
  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    if (info.step != 2) return;
    const auto weight = model_.weights().front();
    Tensor value = weight->value().clone();
    for (float& number : value.data<float>()) number += 1.0F;
    weight->assign(value);
  }

 private:
  Model& model_;
};

TEST_F(DividedUpdatesOfRanks, DoNotHideWeightsThatOneRankHasChanged) {
  RankSetup setup = divided_setup();
  setup.change = [&](int rank, Model& model, FitArguments& arguments) {
    if (rank == 0) arguments.callbacks = {std::make_shared<WeightChanger>(model)};
  };
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    train_as(setup, ranks_of(setup, std::move(transport)));
  });
  EXPECT_THAT(text_of(thrown[0]),
              AllOf(HasSubstr("R001"), HasSubstr("weights of ranks 0 and 1 differ")));
}

/// … or by training another model of the same layers.
class OtherTrainer : public Callback {
 public:
  OtherTrainer(Model other, Dataset data) : other_(std::move(other)), data_(std::move(data)) {}
  std::string name() const override { return "OtherTrainer"; }
  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    if (info.step == 2) other_.fit(data_, {.epochs = 1, .verbose = 0});
  }

 private:
  Model other_;
  Dataset data_;
};

TEST_F(DividedUpdatesOfRanks, DoNotHideWeightsThatAnotherModelOfOneRankHasChanged) {
  const auto thrown = run_ranks(2, [&](std::unique_ptr<dist::Transport> transport) {
    const SymbolicTensor x = Input({40}, {.name = "x"});
    const SymbolicTensor y = Dense(1, {.name = "y"})(Dense(30, {.name = "hidden"})(x));
    Model model({x}, {y}, {.name = "model"});
    Model other({x}, {y}, {.name = "other"});
    for (Model* each : {&model, &other})
      each->compile({.optimizer = "adam", .loss = "mse", .engine = "onednn", .threads = 1});
    const NamedTensors rows = {{"x", random_uniform({40, 40}, 3, -1.0F, 1.0F)},
                               {"y", random_uniform({40, 1}, 4, -1.0F, 1.0F)}};
    const Dataset data = Dataset::from_tensors(rows).batch(8);
    FitArguments arguments{.epochs = 2, .verbose = 0, .data_threads = 1};
    if (transport->rank() == 0) arguments.callbacks = {std::make_shared<OtherTrainer>(other, data)};
    arguments.distribution = ranks_of(divided_setup(), std::move(transport));
    model.fit(data, arguments);
  });
  EXPECT_THAT(text_of(thrown[0]),
              AllOf(HasSubstr("R001"), HasSubstr("weights of ranks 0 and 1 differ")));
}

/// On rank 0, in the middle of an epoch: plans of other kinds and of another batch, which may move
/// what is updated there alone, and a state.
class Meddler : public Callback {
 public:
  explicit Meddler(Model& model) : model_(model) {}
  std::string name() const override { return "Meddler"; }
  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    const auto rows = static_cast<std::int64_t>(++times_ % 4 + 9);
    if (info.step == 1) model_.plan({.batch_size = rows, .mode = "train"});
    if (info.step == 3) model_.plan({.batch_size = rows, .mode = "predict"});
    if (info.step == 4) model_.evaluate(testing::cell_dataset(rows, rows), {.verbose = 0});
    if (info.step == 5) model_.trainer()->state().read_slots();
  }

 private:
  Model& model_;
  int times_ = 0;
};

TEST_F(DividedUpdatesOfRanks, GoOnWhereOneRankMakesOtherPlans) {
  RankSetup setup = divided_setup();
  setup.samples = 53;
  setup.change = [](int rank, Model& model, FitArguments& arguments) {
    arguments.validation_data = testing::cell_dataset(21, 8);
    if (rank == 0) arguments.callbacks = {std::make_shared<Meddler>(model)};
  };
  for (const int size : {2, 3}) expect_as_whole(size, setup, "with other plans");
}

TEST_F(DividedUpdatesOfRanks, AreLookedAtWithEachPrecisionAndManyRanks) {
  RankSetup setup = divided_setup();
  expect_as_whole(8, setup, "more ranks than lines");
  const backend::Engine& engine = backend::engine_by_name(setup.engine);
  if (!engine.supports(backend::Precision::kMixedBFloat16))
    GTEST_SKIP() << "skipped: " << engine.obstacle(backend::Precision::kMixedBFloat16);
  setup.precision = "mixed_bfloat16";
  expect_as_whole(3, setup, "mixed");
}

TEST_F(DividedUpdatesOfRanks, OfAStoppedTrainingGiveItsBestWeightsBack) {
  RankSetup setup = divided_setup();
  setup.fit.epochs = 6;
  setup.optimizer = Adam({.learning_rate = 0.3});
  setup.change = [](int rank, Model&, FitArguments& arguments) {
    arguments.validation_data = testing::cell_dataset(21, 8);
    if (rank == 0)
      arguments.callbacks = {EarlyStopping({.patience = 1, .restore_best_weights = true})};
  };
  expect_as_whole(3, setup, "stopped early");
}

/// On rank 0: what it sets is what was there, but until the epoch has ended steps are cut in two,
/// whose plans put weights and slots elsewhere.
class Toucher : public Callback {
 public:
  explicit Toucher(Model& model) : model_(model) {}
  std::string name() const override { return "Toucher"; }
  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    if (info.step != 2 || info.epoch % 2 == 1) return;
    const auto weight = model_.weights().front();
    weight->assign(weight->value().clone());
  }

 private:
  Model& model_;
};

TEST_F(DividedUpdatesOfRanks, TakeTurnsWithStepsThatAreCutInTwo) {
  RankSetup setup = divided_setup();
  setup.fit.epochs = 4;
  setup.change = [](int rank, Model& model, FitArguments& arguments) {
    if (rank == 0) arguments.callbacks = {std::make_shared<Toucher>(model)};
  };
  for (const int size : {2, 3}) expect_as_whole(size, setup, "in turns");
}

/// Widths that no line divides, of kinds whose gradients engines lay out by themselves.
Model odd_images_model(std::int64_t stride) {
  const SymbolicTensor x = Input({9, 7, 3}, {.name = "x"});
  SymbolicTensor hidden =
      Conv2D(5, 3, {.kernel_regularizer = regularizers::L1(0.001), .name = "conv"})(x);
  hidden = Activation("relu")(BatchNormalization({.synchronized = true, .name = "norm"})(hidden));
  hidden = Conv2D(16, 3, {.strides = stride, .name = "wide"})(hidden);
  hidden = GlobalAveragePooling2D()(BatchNormalization({.name = "own"})(hidden));
  hidden = Dense(
      33,
      {.activation = "relu", .kernel_regularizer = regularizers::L2(0.01), .name = "odd"})(hidden);
  return Model(x, Dense(1, {.name = "y"})(hidden), {.name = "odd_images"});
}

void fit_odd_images_again_and_again(std::int64_t stride) {
  constexpr int kRanks = 3;
  std::vector<Trained> both;
  for (const bool whole : {false, true}) {
    RankSetup setup = divided_setup();
    setup.whole_updates = whole;
    std::vector<Model> models;
    for (int rank = 0; rank < kRanks; ++rank) {
      models.push_back(odd_images_model(stride));
      models.back().initialize(5);
      models.back().compile({.optimizer = AdamW({.learning_rate = 0.01, .weight_decay = 0.1}),
                             .loss = "mse",
                             .engine = setup.engine,
                             .threads = 1});
    }
    std::vector<Trained> all(kRanks);
    for (int world = 0; world < 2; ++world) {
      const auto thrown = run_ranks(kRanks, [&](std::unique_ptr<dist::Transport> transport) {
        const auto rank = static_cast<std::size_t>(transport->rank());
        Model& model = models[rank];
        FitArguments arguments{.epochs = 2, .verbose = 0, .seed = 11, .data_threads = 1};
        arguments.distribution = ranks_of(setup, std::move(transport));
        const Tensor x = random_uniform({26, 9, 7, 3}, 3, -1.0F, 1.0F);
        const NamedTensors rows = {{"x", x}, {"y", random_uniform({26, 1}, 4, -1.0F, 1.0F)}};
        for (int again = 0; again < 3; ++again) {
          model.get_layer("wide").set_trainable(again != 1);
          model.fit(Dataset::from_tensors(rows).batch(again == 2 ? 5 : 8), arguments);
        }
        all[rank].divided = model.trainer()->divides_updates();
        all[rank].slots = model.trainer()->state().read_slots();
        all[rank].weights.clear();
        for (const auto& weight : model.weights())
          all[rank].weights.push_back(weight->value().clone());
      });
      for (const auto& each : thrown) EXPECT_FALSE(each) << text_of(each);
    }
    for (const Trained& each : all) EXPECT_EQ(each.divided, !whole);
    both.insert(both.end(), all.begin(), all.end());
  }
  for (std::size_t rank = 1; rank < both.size(); ++rank)
    expect_same_bits(both[rank], both.front(), "fit " + std::to_string(rank));
}

TEST_F(DividedUpdatesOfRanks, OfOddImagesInOneFitAfterTheOther) {
  fit_odd_images_again_and_again(2);
}

/// One whose gradient is laid out otherwise before it is applied: each rank applies it.
TEST_F(DividedUpdatesOfRanks, OfOddImagesWithAGradientThatLiesAlone) {
  fit_odd_images_again_and_again(1);
}

/// Throws when another rank may be anywhere in its step.
class Thrower : public Callback {
 public:
  std::string name() const override { return "Thrower"; }
  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    if (info.epoch == 1 && info.step == 2) throw std::runtime_error("thrown by rank 0");
  }
};

TEST_F(DividedUpdatesOfRanks, EndTogetherWhereOneFails) {
  RankSetup setup = divided_setup();
  for (int times = 0; times < 5; ++times) {
    setup.change = [](int rank, Model&, FitArguments& arguments) {
      if (rank == 0) arguments.callbacks = {std::make_shared<Thrower>()};
    };
    const auto thrown = run_ranks(3, [&](std::unique_ptr<dist::Transport> transport) {
      train_as(setup, ranks_of(setup, std::move(transport)));
    });
    for (const auto& each : thrown) EXPECT_THAT(text_of(each), HasSubstr("thrown by rank 0"));
  }
}

}  // namespace
}  // namespace tenon::train::ranks_training
