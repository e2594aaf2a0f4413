#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"

namespace tenon {
namespace {

using ::testing::AllOf;
using testing::cell_arguments;
using testing::cell_data;
using testing::cell_dataset;
using testing::cell_model;
using ::testing::HasSubstr;

TEST(Predict, GivesOutputsByNameInTheOrderOfTheData) {
  Model model = cell_model();
  model.initialize(3);
  const PredictResult result = model.predict(cell_dataset(10, 4));
  ASSERT_EQ(result.outputs.size(), 2U);
  EXPECT_EQ(result.outputs[0].first, "cell");
  EXPECT_EQ(result.outputs[0].second.shape(), (Shape{10, 3}));
  EXPECT_EQ(result.outputs[1].second.shape(), (Shape{10, 1}));
  ASSERT_EQ(result.samples.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(result.samples[i].index, static_cast<std::int64_t>(i));
  }
  const NamedTensors data = cell_data(10);
  const NamedTensors whole =
      model.predict_on_batch(inputs("Large", data[1].second, "Small", data[0].second));
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_NEAR(whole[0].second.data<float>()[i], result.outputs[0].second.data<float>()[i], 1e-6F);
  }
  EXPECT_FALSE(model.compiled()) << "predicting does not compile";
}

TEST(Predict, StopsAfterSteps) {
  Model model = cell_model();
  EXPECT_EQ(model.predict(cell_dataset(10, 4), {.steps = 2}).outputs[0].second.dim(0), 8);
}

TEST(Predict, AMissingInputIsToldWithTheNearestKey) {
  Model model = cell_model();
  const NamedTensors data = cell_data(4);
  try {
    model.predict_on_batch(inputs("Small", data[0].second, "large", data[1].second));
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_EQ(error.code(), "K002");
    EXPECT_THAT(error.what(), AllOf(HasSubstr("\"Large\""), HasSubstr("large")));
  }
}

TEST(Predict, WeightsThatWereAssignedAreUsedAtOnce) {
  Model model = testing::line_model();
  model.compile({.loss = "mse", .engine = "reference"});
  const Tensor x = Tensor::from<float>({1, 2}, {1, 1});
  const auto predict = [&] {
    return model.predict_on_batch(inputs("x", x)).front().second.item<float>();
  };
  predict();
  model.weights()[0]->assign(Tensor::from<float>({2, 1}, {2, 3}));
  model.weights()[1]->assign(Tensor::from<float>({1}, {0.5F}));
  EXPECT_FLOAT_EQ(predict(), 5.5F);
  model.compile({.optimizer = "adam", .loss = "mse", .engine = "reference"});
  EXPECT_FLOAT_EQ(predict(), 5.5F) << "compiling anew keeps the weights";
}

TEST(Predict, TwoModelsThatShareALayerSeeEachOthersTraining) {
  const SymbolicTensor x = Input({2}, {.name = "x"});
  const SymbolicTensor hidden = Dense(2, {.name = "hidden"})(x);
  Model inner(x, hidden);
  Model outer(x, Dense(1, {.name = "y"})(hidden));
  outer.compile({.optimizer = SGD({.learning_rate = 0.5}), .loss = "mse", .engine = "reference"});
  inner.compile({.loss = "mse", .engine = "reference"});
  const Tensor one = Tensor::from<float>({1, 2}, {1, 1});
  const auto before = inner.predict_on_batch(inputs("x", one)).front().second;
  outer.train_on_batch(Example(inputs("x", one), Tensor::from<float>({1, 1}, {9})));
  const auto after = inner.predict_on_batch(inputs("x", one)).front().second;
  EXPECT_FALSE(before.equals(after));
  EXPECT_TRUE(inner.weights()[0]->value().equals(outer.weights()[0]->value()));
}

TEST(OnBatch, HoldsEveryBatchToTheContract) {
  Model model = cell_model();
  model.compile(cell_arguments());
  const NamedTensors data = cell_data(6);
  const auto train = [&](const Tensor& small, const Tensor& cell) {
    return model.train_on_batch(Example(inputs("Small", small, "Large", data[1].second),
                                        targets("cell", cell, "age", data[3].second)));
  };
  train(data[0].second, data[2].second);
  Tensor beyond = data[2].second.clone();
  beyond.data<std::int64_t>()[4] = 3;
  try {
    train(data[0].second, beyond);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), "D002") << "also for a form of batch that was seen before";
    EXPECT_THAT(error.what(), AllOf(HasSubstr("\"cell\""), HasSubstr("row 4")));
  }
  EXPECT_THROW(train(data[0].second.slice(0, 3), data[2].second), Error);
  EXPECT_THROW(train(Tensor(DType::kFloat32, {6, 5}), data[2].second), ContractError);
}

TEST(OnBatch, FrozenLayersStayAsTheyAreAndThawAgain) {
  Model model = cell_model();
  model.compile(cell_arguments());
  const NamedTensors data = cell_data(6);
  const Example example(inputs("Small", data[0].second, "Large", data[1].second),
                        targets("cell", data[2].second, "age", data[3].second));
  const auto kernel = [&] { return model.get_layer("hidden").weights().front()->value(); };
  model.get_layer("hidden").set_trainable(false);
  const Tensor frozen = kernel();
  model.train_on_batch(example);
  EXPECT_TRUE(kernel().equals(frozen));
  model.get_layer("hidden").set_trainable(true);
  model.train_on_batch(example);
  EXPECT_FALSE(kernel().equals(frozen));
}

}  // namespace
}  // namespace tenon
