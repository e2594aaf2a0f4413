// Optimizer::gradient_accumulation_steps. Numbers from Keras: keras_optimizers_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tenon/error.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"
#include "train/engines_under_test.hpp"
#include "train/small_models.hpp"
#include "train/state.hpp"

namespace tenon::train {
namespace {

using ::testing::HasSubstr;
using testing::OnEveryEngine;

class GatheredGradients : public OnEveryEngine {
 protected:
  static Optimizer gathering(Optimizer optimizer, std::int64_t steps) {
    optimizer.gradient_accumulation_steps = steps;
    return optimizer;
  }

  /// Images, so that kernels lie in the engine's own layout.
  static Model image_model() {
    const SymbolicTensor x = Input({6, 6, 3}, {.name = "x"});
    SymbolicTensor y = Conv2D(16, 3, {.padding = "same", .activation = "relu"})(x);
    y = Conv2D(16, 3, {.activation = "relu"})(y);
    return Model({x}, {Dense(2, {.name = "y"})(Flatten()(y))});
  }

  std::vector<Tensor> trained(const Optimizer& optimizer, std::int64_t batch,
                              int epochs = 2) const {
    Model model = image_model();
    model.initialize(3);
    model.compile({.optimizer = optimizer, .loss = "mse", .engine = GetParam(), .threads = 1});
    model.fit(Dataset::from_tensors(
                  {{"x", random_uniform({24, 6, 6, 3}, 1)}, {"y", random_uniform({24, 2}, 2)}})
                  .batch(batch),
              {.epochs = epochs, .verbose = 0});
    std::vector<Tensor> weights;
    for (const auto& weight : model.weights()) weights.push_back(weight->value().clone());
    return weights;
  }

  static double difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto x = std::as_const(a[i]).data<float>();
      const auto y = std::as_const(b[i]).data<float>();
      for (std::size_t k = 0; k < x.size(); ++k)
        largest = std::max(largest, static_cast<double>(std::abs(x[k] - y[k])));
    }
    return largest;
  }

  /// One weight, from 1, and the loss (w·x)².
  Model one_weight(const Optimizer& optimizer) const {
    const SymbolicTensor x = Input({1}, {.name = "x"});
    Model model(x, Dense(1, {.use_bias = false, .name = "y"})(x));
    model.compile({.optimizer = optimizer, .loss = "mse", .engine = GetParam(), .threads = 1});
    model.weights()[0]->assign(Tensor::from<float>({1, 1}, {1.0F}));
    return model;
  }
  static void step(Model& model, float x) {
    model.train_on_batch(
        Example(inputs("x", Tensor::from<float>({1, 1}, {x})), Tensor(DType::kFloat32, {1, 1})));
  }
  static float weight(const Model& model) { return model.weights()[0]->value().item<float>(); }
};

TEST_P(GatheredGradients, OfSmallBatchesAreThatOfALargeOne) {
  Optimizer clipped = Adam({.learning_rate = 0.01, .global_clipnorm = 0.05});
  for (const auto& [optimizer, tolerance] : std::vector<std::pair<Optimizer, double>>{
           {SGD({.learning_rate = 0.1, .momentum = 0.9}), 1e-6},
           {Adam({.learning_rate = 0.01}), 2e-4},
           {clipped, 2e-4},
           {RMSprop({.learning_rate = 0.001, .clipnorm = 0.1}), 2e-4}}) {
    const auto large = trained(optimizer, 12);
    EXPECT_LT(difference(trained(gathering(optimizer, 3), 4), large), tolerance)
        << optimizer.class_name;
    EXPECT_GT(difference(trained(optimizer, 4), large), 1e-3) << optimizer.class_name;
  }
}

TEST_P(GatheredGradients, AreAppliedInTheLastStepAsTheirMean) {
  Model model = one_weight(gathering(SGD({.learning_rate = 0.1}), 2));
  const auto gathered = [&] { return optimizer_state(model)->slots.at(0).second.item<float>(); };
  step(model, 1.0F);  // 2·w·x² = 2
  EXPECT_EQ(weight(model), 1.0F);
  EXPECT_EQ(gathered(), 2.0F);
  step(model, 2.0F);  // 8
  EXPECT_FLOAT_EQ(weight(model), 1.0F - 0.1F * 5.0F);
  EXPECT_EQ(gathered(), 0.0F);
  step(model, 2.0F);  // 2·0.5·4
  EXPECT_FLOAT_EQ(weight(model), 0.5F);
  EXPECT_FLOAT_EQ(gathered(), 4.0F);
  EXPECT_EQ(optimizer_state(model)->iterations, 3);
  EXPECT_THAT(optimizer_state(model)->slots[0].first, HasSubstr("y_kernel_gradient_accumulator"));
}

TEST_P(GatheredGradients, AreClippedAsTheirMean) {
  Model model = one_weight(gathering(SGD({.learning_rate = 1.0, .clipvalue = 0.5}), 2));
  step(model, 1.0F);
  step(model, 2.0F);
  EXPECT_FLOAT_EQ(weight(model), 0.5F);
}

TEST_P(GatheredGradients, LeaveWeightsAloneThatDecay) {
  Model model = one_weight(gathering(SGD({.learning_rate = 0.1, .weight_decay = 0.1}), 2));
  step(model, 0.0F);
  EXPECT_EQ(weight(model), 1.0F);
  step(model, 0.0F);
  EXPECT_FLOAT_EQ(weight(model), 0.99F);
}

TEST_P(GatheredGradients, ThatAreNotFiniteChangeNothing) {
  Model model = one_weight(gathering(SGD({.learning_rate = 0.1}), 3));
  step(model, 1.0F);
  EXPECT_THROW(step(model, 3e30F), DataError);
  const auto state = optimizer_state(model);
  EXPECT_EQ(state->iterations, 1);
  EXPECT_EQ(state->slots.at(0).second.item<float>(), 2.0F);
  step(model, 1.0F);
  step(model, 1.0F);
  EXPECT_FLOAT_EQ(weight(model), 0.8F);
}

TEST_P(GatheredGradients, AreInTheStateAndGoneOnWithBitForBit) {
  const Optimizer adam = gathering(Adam({.learning_rate = 0.01}), 4);
  Model whole = one_weight(adam);
  Model second = one_weight(adam);
  const std::vector<float> steps = {0.3F, 0.7F, 1.1F, 0.2F, 0.9F, 0.4F, 0.6F, 0.8F, 1.3F};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    step(whole, steps[i]);
    if (i == 5) {  // In the middle of the second four.
      second.weights()[0]->assign(whole.weights()[0]->value());
      set_optimizer_state(second, *optimizer_state(whole));
    } else if (i > 5) {
      step(second, steps[i]);
    }
  }
  EXPECT_EQ(weight(whole), weight(second));
  EXPECT_NE(weight(whole), 1.0F);
  EXPECT_EQ(optimizer_state(whole)->iterations, optimizer_state(second)->iterations);
}

TENON_ON_EVERY_ENGINE(GatheredGradients);

TEST(GatheredGradientsWords, FewerThanTwoStepsAreRefused) {
  try {
    Adam({.gradient_accumulation_steps = 1});
    FAIL();
  } catch (const ContractError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gradient_accumulation_steps is 1"));
    EXPECT_THAT(error.what(), HasSubstr("2 or more"));
  }
}

}  // namespace
}  // namespace tenon::train
