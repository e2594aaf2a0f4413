// compile(.precision = "mixed_bfloat16"): what a user sees of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tenon/error.hpp"
#include "tenon/layers.hpp"
#include "tenon/model.hpp"
#include "train/engines.hpp"
#include "train/engines_under_test.hpp"
#include "train/trainer.hpp"

namespace tenon {
namespace {

class MixedBFloat16 : public testing::OnEveryEngine {
 protected:
  void SetUp() override {
    const auto& engine = backend::engine_by_name(GetParam());
    const std::string obstacle = engine.obstacle(backend::Precision::kMixedBFloat16);
    if (!obstacle.empty()) GTEST_SKIP() << "skipped: " << obstacle;
  }
  CompileArguments arguments(const std::string& precision = "mixed_bfloat16") const {
    return {.optimizer = Adam({.learning_rate = 1e-3}),
            .loss = "binary_crossentropy",
            .engine = GetParam(),
            .precision = precision};
  }
};

/// Two branches of images, joined; one sigmoid.
Model branches() {
  const auto branch = [](const SymbolicTensor& x, const std::string& name, std::int64_t filters) {
    auto y = Conv2D(filters, {3, 3}, {.padding = "same", .name = name})(x);
    y = BatchNormalization({.name = name + "_norm"})(y);
    y = MaxPooling2D({2, 2}, {.name = name + "_pool"})(Activation("relu")(y));
    return Flatten({.name = name + "_flat"})(y);
  };
  auto small = Input({8, 8, 3}, {.name = "Small"});
  auto large = Input({12, 12, 3}, {.name = "Large"});
  auto joined =
      Concatenate({.name = "joined"})({branch(small, "small", 8), branch(large, "large", 16)});
  auto hidden = Dense(16, {.activation = "relu", .name = "hidden"})(joined);
  auto cell = Dense(1, {.activation = "sigmoid", .name = "cell"})(hidden);
  Model model({small, large}, cell, {.name = "branches"});
  model.initialize(3);
  return model;
}

NamedTensors images(std::int64_t rows) {
  Tensor cell(DType::kFloat32, {rows, 1});
  for (std::int64_t i = 0; i < rows; ++i) {
    cell.data<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i % 2);
  }
  return {{"Small", random_uniform({rows, 8, 8, 3}, 1)},
          {"Large", random_uniform({rows, 12, 12, 3}, 2)},
          {"cell", cell}};
}

Example batch(std::int64_t rows) {
  const NamedTensors data = images(rows);
  return {inputs("Small", data[0].second, "Large", data[1].second), data[2].second};
}

std::vector<double> losses_of(Model& model, int steps) {
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(*model.train_on_batch(batch(16)).find("loss"));
  return losses;
}

TEST_P(MixedBFloat16, LossesFollowThoseOfFloat32) {
  Model wide = branches();
  wide.compile(arguments("float32"));
  Model mixed = branches();
  mixed.compile(arguments());
  const std::vector<double> a = losses_of(mixed, 25);
  const std::vector<double> b = losses_of(wide, 25);
  EXPECT_NE(a, b) << "nothing was rounded";
  for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(a[i], b[i], 0.03) << "step " << i;
  EXPECT_LT(a.back(), 0.5 * a.front());
}

TEST_P(MixedBFloat16, WeightsStayFloat32AndLearnInSmallerSteps) {
  Model model = branches();
  CompileArguments own = arguments();
  own.optimizer = SGD({.learning_rate = 1e-4});
  model.compile(own);
  losses_of(model, 3);
  const Tensor kernel = model.weights()[0]->value();
  EXPECT_EQ(kernel.dtype(), DType::kFloat32);
  int finer = 0;
  for (const float value : kernel.data<float>()) {
    if (static_cast<float>(BFloat16(value)) != value) ++finer;
  }
  EXPECT_GT(finer, kernel.shape().element_count() / 2) << "the masters were rounded";
}

TEST_P(MixedBFloat16, PredictAndEvaluateComputeAsTrainingDoes) {
  Model mixed = branches();
  mixed.compile(arguments());
  Model wide = branches();
  wide.compile(arguments("float32"));
  const auto probability = [](Model& model) {
    return model.predict_on_batch(batch(4).inputs)[0].second.clone();
  };
  const Tensor a = probability(mixed);
  const Tensor b = probability(wide);
  EXPECT_EQ(a.dtype(), DType::kFloat32);
  EXPECT_FALSE(a.equals(b)) << "predict does not compute in bfloat16";
  double loss = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(a.data<float>()[i], b.data<float>()[i], 0.02F);
    const auto p = static_cast<double>(a.data<float>()[i]);
    loss -= std::log(i % 2 == 0 ? 1.0 - p : p) / 4.0;
  }
  EXPECT_NEAR(*mixed.test_on_batch(batch(4)).find("loss"), loss, 1e-5);
}

TEST_P(MixedBFloat16, TheSameSeedGivesTheSameBits) {
  std::vector<Tensor> first;
  for (int run = 0; run < 2; ++run) {
    Model model = branches();
    model.compile(arguments());
    losses_of(model, 5);
    const auto weights = model.weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (run == 0) {
        first.push_back(weights[i]->value().clone());
      } else {
        EXPECT_TRUE(weights[i]->value().equals(first[i])) << weights[i]->path();
      }
    }
  }
}

TEST_P(MixedBFloat16, ANumberThatIsNotFiniteEndsTheStepBeforeAWeightIsTouched) {
  Model model = branches();
  model.compile(arguments());
  losses_of(model, 1);
  std::vector<Tensor> before;
  for (const auto& weight : model.weights()) before.push_back(weight->value().clone());
  NamedTensors data = images(8);
  data[0].second.data<float>()[7] = std::numeric_limits<float>::infinity();
  const Dataset dataset = Dataset::from_tensors(data).batch(8);
  EXPECT_THROW(model.fit(dataset, {.verbose = 0, .check_finite = true}), DataError);
  const auto weights = model.weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_TRUE(weights[i]->value().equals(before[i])) << weights[i]->path();
  }
}

TEST_P(MixedBFloat16, IsThePolicyOfTheLayersFromThenOn) {
  Model model = branches();
  model.compile(arguments());
  Model copy = Model::from_json(model.to_json());
  CompileArguments own = arguments("");
  copy.compile(own);
  EXPECT_EQ(copy.trainer()->arguments().precision, "mixed_bfloat16");
  own.precision = "float32";
  copy.compile(own);
  own.precision = "";
  copy.compile(own);
  EXPECT_EQ(copy.trainer()->arguments().precision, "float32");
}

TENON_ON_EVERY_ENGINE(MixedBFloat16);

}  // namespace
}  // namespace tenon
