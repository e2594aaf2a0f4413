// NaN and infinity in a run: found before a weight is touched, and where they come from.
#include "train/not_finite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tenon/error.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"
#include "train/state.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<float> all_weights(const Model& model) {
  std::vector<float> values;
  for (const auto& weight : model.weights()) {
    const Tensor value = weight->value();
    values.insert(values.end(), value.data<float>().begin(), value.data<float>().end());
  }
  return values;
}

/// x (2) -> hidden (8) -> wild (4) -> y (1), all linear.
Model wild_model() {
  auto x = Input({2}, {.name = "x"});
  auto hidden = Dense(8, {.name = "hidden"})(x);
  auto wild = Dense(4, {.name = "wild"})(hidden);
  Model model(x, Dense(1, {.name = "y"})(wild), {.name = "overflows"});
  model.initialize(5);
  return model;
}

NamedTensors rows_of_ones(std::int64_t rows) {
  Tensor x(DType::kFloat32, {rows, 2});
  Tensor y(DType::kFloat32, {rows, 1});
  for (float& value : x.data<float>()) value = 1.0F;
  for (float& value : y.data<float>()) value = 0.5F;
  return {{"x", x}, {"y", y}};
}

Diagnostic ended_by(const std::function<void()>& run) {
  try {
    run();
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), "D002") << error.what();
    return error.diagnostics().front();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

class NotFiniteStep : public testing::OnEveryEngine {};

TEST_P(NotFiniteStep, TheFirstLayerAndSampleAreNamedAndNoWeightIsTouched) {
  Model model = wild_model();
  model.compile({.optimizer = Adam({.learning_rate = 1e-6}), .loss = "mse", .engine = GetParam()});
  NamedTensors data = rows_of_ones(12);
  Tensor kernel = model.weights()[2]->value();
  for (float& value : kernel.data<float>()) value = 1e6F;
  model.weights()[2]->assign(kernel);
  // Row 10 is the third batch's third row: it overflows in `wild`.
  Tensor hidden = model.weights()[0]->value();
  for (float& value : hidden.data<float>()) value = 0.01F;
  model.weights()[0]->assign(hidden);
  data[0].second.data<float>()[20] = 3e38F;
  std::vector<float> before;
  class Keep : public Callback {
   public:
    explicit Keep(std::vector<float>& weights) : weights_(weights) {}
    std::string name() const override { return "Keep"; }
    void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
      weights_ = all_weights(control.model());
    }

   private:
    std::vector<float>& weights_;
  };
  const Diagnostic problem = ended_by([&] {
    model.fit(Dataset::from_tensors(data).batch(4),
              {.callbacks = {std::make_shared<Keep>(before)}, .verbose = 0});
  });
  const std::string text = render_text(problem);
  EXPECT_THAT(text, HasSubstr("(train data, epoch 1, step 3)"));
  EXPECT_THAT(text, HasSubstr("layer \"wild\" (dense) is the first to give infinity"));
  EXPECT_THAT(text, HasSubstr("first at [2, 0]"));
  EXPECT_THAT(text, HasSubstr("inputs, targets and weights are finite"));
  EXPECT_THAT(text, HasSubstr("2 steps were trained before"));
  EXPECT_EQ(problem.sample->index, 10);
  EXPECT_EQ(problem.run, (RunPlace{"train", 0, 2}));
  EXPECT_EQ(all_weights(model), before) << "the step must leave no trace";
  const auto state = train::optimizer_state(model);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->iterations, 2);
  for (const auto& [name, slot] : state->slots) {
    for (const float value : slot.data<float>()) EXPECT_TRUE(std::isfinite(value)) << name;
  }
}

TEST_P(NotFiniteStep, MovingAveragesAreNotTouchedEither) {
  auto x = Input({2}, {.name = "x"});
  auto normal = BatchNormalization({.name = "normal"})(Dense(3, {.name = "hidden"})(x));
  Model model(x, Dense(1, {.activation = "exponential", .name = "y"})(normal));
  model.initialize(1);
  model.compile({.optimizer = SGD({.learning_rate = 1e30}), .loss = "mse", .engine = GetParam()});
  const Example batch(inputs("x", random_uniform({4, 2}, 3)), random_uniform({4, 1}, 4));
  model.train_on_batch(batch);
  const std::vector<float> before = all_weights(model);
  const Diagnostic problem = ended_by([&] { model.train_on_batch(batch); });
  EXPECT_EQ(all_weights(model), before);
  EXPECT_THAT(render_text(problem), HasSubstr("the learning rate is 1e+30"));
}

TEST_P(NotFiniteStep, ALossThatOverflowsIsNamedWithItsOutputAndRow) {
  auto x = Input({2}, {.name = "x"});
  Model model(x, Dense(1, {.name = "y"})(x), {.name = "linear"});
  model.initialize(1);
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = GetParam()});
  NamedTensors data = rows_of_ones(4);
  data[1].second.data<float>()[2] = 1e30F;
  const Diagnostic problem =
      ended_by([&] { model.fit(Dataset::from_tensors(data).batch(4), {.verbose = 0}); });
  const std::string text = render_text(problem);
  EXPECT_THAT(text, HasSubstr("the loss became infinity"));
  EXPECT_THAT(text, HasSubstr("the loss of output \"y\" is the first to give infinity"));
  EXPECT_EQ(problem.keys[0].key, "y");
  EXPECT_EQ(problem.sample->index, 2);
}

/// Gives a weight a NaN behind the first step.
class Spoil : public Callback {
 public:
  explicit Spoil(std::string path) : path_(std::move(path)) {}
  std::string name() const override { return "Spoil"; }
  void on_train_batch_end(TrainingControl& control, const StepInfo&, const Logs&) override {
    for (const auto& weight : control.model().weights()) {
      if (weight->path() != path_) continue;
      Tensor value = weight->value();
      value.data<float>()[3] = kNaN;
      weight->assign(value);
    }
  }

 private:
  std::string path_;
};

/// x (2) -> hidden (8, relu) -> y (1): an engine may make 0 of a NaN in `hidden`.
Model rectified_model(const std::string& engine) {
  auto x = Input({2}, {.name = "x"});
  auto hidden = Dense(8, {.activation = "relu", .name = "hidden"})(x);
  Model model(x, Dense(1, {.name = "y"})(hidden), {.name = "rectified"});
  model.initialize(5);
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = engine});
  return model;
}

TEST_P(NotFiniteStep, WeightsThatWereSpoiltInTheMiddleAreNamed) {
  Model model = wild_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = GetParam()});
  const Diagnostic problem = ended_by([&] {
    model.fit(Dataset::from_tensors(rows_of_ones(8)).batch(4),
              {.callbacks = {std::make_shared<Spoil>("hidden/bias")}, .verbose = 0});
  });
  EXPECT_THAT(render_text(problem),
              AllOf(HasSubstr("in 1 weight: hidden/bias"), HasSubstr("layer \"hidden\""),
                    HasSubstr("1 step was trained before")));
}

TEST_P(NotFiniteStep, WeightsThatAreNotFiniteAreToldBeforeTheFirstStep) {
  Model model = rectified_model(GetParam());
  Tensor bias = model.weights()[1]->value();
  bias.data<float>()[3] = kNaN;
  model.weights()[1]->assign(bias);
  const auto expect_named = [](const Diagnostic& problem) {
    EXPECT_THAT(render_text(problem),
                AllOf(HasSubstr("1 weight holds NaN or infinity before the first step"),
                      HasSubstr("hidden/bias holds NaN: 1 of 8 values, first at [3]"),
                      HasSubstr("load weights that are finite")));
  };
  expect_named(ended_by(
      [&] { model.fit(Dataset::from_tensors(rows_of_ones(4)).batch(4), {.verbose = 0}); }));
  const Example batch(inputs("x", random_uniform({4, 2}, 3)), random_uniform({4, 1}, 4));
  expect_named(ended_by([&] { model.train_on_batch(batch); }));
}

TEST_P(NotFiniteStep, WeightsThatARectifierHidesAreToldAtTheEndOfTheEpoch) {
  Model model = rectified_model(GetParam());
  const Diagnostic problem = ended_by([&] {
    model.fit(Dataset::from_tensors(rows_of_ones(4)).batch(4),
              {.callbacks = {std::make_shared<Spoil>("hidden/bias")}, .verbose = 0});
  });
  EXPECT_THAT(render_text(problem),
              AllOf(HasSubstr("1 weight holds NaN or infinity after the updates of this epoch"),
                    HasSubstr("hidden/bias holds NaN")));
}

TEST_P(NotFiniteStep, WithoutTheGuardTheUpdateIsMade) {
  Model model = wild_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = GetParam()});
  NamedTensors data = rows_of_ones(4);
  data[0].second.data<float>()[0] = kNaN;
  model.fit(Dataset::from_tensors(data).batch(4), {.verbose = 0, .check_finite = false});
  EXPECT_TRUE(std::isnan(all_weights(model).back()));
}

TEST_P(NotFiniteStep, ARectifierThatStandsAloneKeepsNaN) {
  auto x = Input({2}, {.name = "x"});
  auto nothing = Add()({Rescaling(1e30)(x), Rescaling(-1e30)(x)});
  Model model(x, ReLU()(nothing));
  model.compile({.engine = GetParam()});
  const Tensor row = Tensor::from<float>({1, 2}, {1e30F, 1.0F});  // infinity - infinity, and 0
  const Tensor y = model.predict_on_batch(inputs("x", row)).front().second;
  EXPECT_TRUE(std::isnan(y.data<float>()[0]));
  EXPECT_EQ(y.data<float>()[1], 0.0F);
}

TENON_ON_EVERY_ENGINE(NotFiniteStep);

TEST(NotFinite, ANaNInATargetIsToldBeforeTheStep) {
  Model model = wild_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = "reference"});
  const std::vector<float> before = all_weights(model);
  NamedTensors data = rows_of_ones(8);
  data[1].second.data<float>()[5] = kNaN;
  const Diagnostic problem = ended_by([&] {
    model.fit(Dataset::from_tensors(data).map([](Record&) {}, {.name = "wash"}).batch(8),
              {.verbose = 0});
  });
  const std::string text = render_text(problem);
  EXPECT_THAT(text, HasSubstr("target of output \"y\" holds NaN in 1 of 8 values, first in row 5"));
  EXPECT_THAT(text, HasSubstr("\"y\" got its values from source tensors"));
  EXPECT_EQ(problem.sample->index, 5);
  EXPECT_EQ(all_weights(model), before);
}

TEST(NotFinite, TheStageThatLastSetTheValuesIsNamed) {
  Model model = wild_model();
  model.compile({.optimizer = "sgd", .loss = "mse", .engine = "reference"});
  const Dataset data = Dataset::from_tensors(rows_of_ones(8))
                           .map(
                               [](Record& record) {
                                 record.at("x").data<float>()[0] =
                                     record.sample().index == 6 ? kNaN : 2.0F;
                               },
                               {.name = "spoil"}, {"train.cpp", 77})
                           .batch(4);
  const Diagnostic problem = ended_by([&] { model.fit(data, {.verbose = 0}); });
  EXPECT_EQ(problem.stage->name, "spoil");
  EXPECT_EQ(problem.stage->location.line, 77);
  EXPECT_EQ(problem.sample->index, 6);
  EXPECT_EQ(problem.run, (RunPlace{"train", 0, 1}));
}

TEST(NotFinite, PositionsAreFoundByAxis) {
  Tensor tensor(DType::kFloat32, {2, 3, 2});
  EXPECT_FALSE(train::find_not_finite_value(tensor));
  tensor.data<float>()[9] = -std::numeric_limits<float>::infinity();
  tensor.data<float>()[11] = kNaN;
  const auto found = train::find_not_finite_value(tensor);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text, "-infinity");
  EXPECT_EQ(found->count, 2);
  EXPECT_EQ(found->position, (std::vector<std::int64_t>{1, 1, 1}));
}

}  // namespace
}  // namespace tenon
