#include "train/step_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"

namespace tenon {
namespace {

using ::testing::HasSubstr;
using testing::line_data;

Example line_batch(std::int64_t rows) {
  const NamedTensors data = line_data(rows);
  return Example(inputs("x", data[0].second), data[1].second);
}

class Steps : public testing::OnEveryEngine {};

TEST_P(Steps, PenaltiesCountInTrainingAndInEvaluation) {
  const SymbolicTensor x = Input({2}, {.name = "x"});
  Model model(x, Dense(1, {.kernel_regularizer = regularizers::L1L2(0.1, 0.2), .name = "y"})(x));
  model.compile({.optimizer = SGD({.learning_rate = 0.0}), .loss = "mse", .engine = GetParam()});
  model.weights()[0]->assign(Tensor::from<float>({2, 1}, {2.0F, -1.0F}));
  Model plain(x, Dense(1, {.name = "plain"})(x));
  plain.compile({.loss = "mse", .engine = GetParam()});
  plain.weights()[0]->assign(model.weights()[0]->value());
  const double without = plain.test_on_batch(line_batch(4)).at("loss");
  const double penalty = 0.1 * 3.0 + 0.2 * 5.0;
  EXPECT_NEAR(model.test_on_batch(line_batch(4)).at("loss"), without + penalty, 1e-5);
  EXPECT_NEAR(model.train_on_batch(line_batch(4)).at("loss"), without + penalty, 1e-5);
}

TEST_P(Steps, ALossOfWeightZeroIsToldAndNotTrained) {
  Model model = testing::cell_model();
  CompileArguments arguments = testing::cell_arguments(GetParam());
  arguments.loss_weights = {{"age", 0.0}};
  model.compile(arguments);
  const NamedTensors data = testing::cell_data(8);
  const Tensor before = model.get_layer("age").weights()[0]->value();
  const MessageSink sink = set_message_sink([](const Diagnostic&) {});
  const Logs logs =
      model.train_on_batch(Example(inputs("Small", data[0].second, "Large", data[1].second),
                                   targets("cell", data[2].second, "age", data[3].second)));
  set_message_sink(sink);
  EXPECT_GT(logs.at("age_loss"), 0.0);
  EXPECT_NEAR(logs.at("loss"), logs.at("cell_loss"), 1e-6);
  EXPECT_TRUE(model.get_layer("age").weights()[0]->value().equals(before));
}

TEST_P(Steps, ClassIdsPerPixel) {
  const SymbolicTensor x = Input({6, 6, 1}, {.name = "x"});
  Model model(x,
              Conv2D(3, {3, 3}, {.padding = "same", .activation = "softmax", .name = "mask"})(x));
  model.compile({.optimizer = Adam({.learning_rate = 0.05}),
                 .loss = "sparse_categorical_crossentropy",
                 .metrics = {"accuracy"},
                 .engine = GetParam()});
  const Tensor image = random_uniform({2, 6, 6, 1}, 4, 0.0F, 1.0F);
  Tensor mask(DType::kUInt8, {2, 6, 6, 1});
  for (std::size_t i = 0; i < 72; ++i) {
    mask.data<std::uint8_t>()[i] = image.data<float>()[i] > 0.5F ? 2 : 0;
  }
  const Example example(inputs("x", image), mask);
  const double first = model.train_on_batch(example).at("loss");
  for (int step = 0; step < 200; ++step) model.train_on_batch(example);
  const Logs last = model.test_on_batch(example);
  EXPECT_LT(last.at("loss"), 0.5 * first);
  EXPECT_GT(last.at("accuracy"), 0.9);
}

TEST_P(Steps, ASmallerBatchHasAPlanOfItsOwn) {
  Model model = testing::line_model();
  model.compile({.optimizer = "adam", .loss = "mse", .engine = GetParam()});
  for (const std::int64_t rows : {8, 3, 8, 1}) {
    EXPECT_TRUE(std::isfinite(model.train_on_batch(line_batch(rows)).at("loss"))) << rows;
  }
}

TENON_ON_EVERY_ENGINE(Steps);

TEST(StepProgram, WeightsThatTheLossDoesNotReachAreToldOnce) {
  const SymbolicTensor x = Input({2}, {.name = "x"});
  Model model(x, {Dense(1, {.name = "a"})(x), Dense(1, {.name = "b"})(x)});
  model.compile({.loss = {{"a", "mse"}}, .engine = "reference"});
  std::vector<std::string> told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told.push_back(render_text(message)); });
  const NamedTensors data = line_data(4);
  for (int step = 0; step < 2; ++step) {
    model.train_on_batch(Example(inputs("x", data[0].second), data[1].second));
  }
  set_message_sink(before);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("does not reach 2 of the trainable weights"));
  EXPECT_THAT(told[0], HasSubstr("b/kernel"));
}

TEST(Evaluate, DataThatEndTooEarlyAreG001) {
  Model model = testing::line_model();
  model.compile({.loss = "mse", .engine = "reference"});
  const auto two = []() -> Generator {
    const Example example = line_batch(2);
    co_yield example;
    co_yield example;
  };
  EXPECT_NO_THROW(model.evaluate(Dataset::from_generator(two), {.steps = 2}));
  try {
    model.evaluate(Dataset::from_generator(two), {.steps = 3});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), "G001");
    EXPECT_THAT(error.what(), HasSubstr("after 2 steps, 3 were asked for"));
  }
}

}  // namespace
}  // namespace tenon
