#include "tenon/initializers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "graph/draw_weights.hpp"
#include "graph/throws.hpp"
#include "tenon/regularizers.hpp"

namespace tenon {
namespace {

using graph::draw_weights;

TEST(Initializer, TakesKerasWords) {
  EXPECT_EQ(Initializer("glorot_uniform").class_name(), "GlorotUniform");
  EXPECT_EQ(Initializer("HeNormal").class_name(), "HeNormal");
  EXPECT_EQ(Initializer("random_normal").argument("stddev"), 0.05);
}

TEST(Initializer, RefusesUnknownWords) {
  const std::string text = text_thrown<ContractError>([] { return Initializer("glorot_unifrom"); });
  EXPECT_NE(text.find("there is none called \"glorot_unifrom\""), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean \"glorot_uniform\"?"), std::string::npos) << text;
  const std::string argument_text = text_thrown<ContractError>([] {
    return Initializer("Constant", {{"valeu", 1.0}});
  });
  EXPECT_NE(argument_text.find("it has no argument \"valeu\""), std::string::npos) << argument_text;
}

TEST(Fans, CountTheReceptiveField) {
  EXPECT_EQ(graph::fans_of({3, 2, 4, 8}).in, 24.0);
  EXPECT_EQ(graph::fans_of({3, 2, 4, 8}).out, 48.0);
  EXPECT_EQ(graph::fans_of({5, 7}).in, 5.0);
  EXPECT_EQ(graph::fans_of({5, 7}).out, 7.0);
  EXPECT_EQ(graph::fans_of({6}).out, 6.0);
}

struct Moments {
  double low = 0.0;
  double high = 0.0;
  double mean = 0.0;
  double deviation = 0.0;
};

Moments moments_of(const Initializer& initializer, const Shape& shape) {
  const Tensor tensor = draw_weights(initializer, shape, 1, "w");
  const auto values = tensor.data<float>();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double count = static_cast<double>(values.size());
  const double mean = sum / count;
  return {static_cast<double>(*low), static_cast<double>(*high), mean,
          std::sqrt(squares / count - mean * mean)};
}

TEST(DrawWeights, GlorotUniformHasKerassLimit) {
  const Moments moments = moments_of("glorot_uniform", {3, 3, 16, 32});
  const double limit = std::sqrt(6.0 / (9.0 * 16.0 + 9.0 * 32.0));
  EXPECT_GE(moments.low, -limit);
  EXPECT_LE(moments.high, limit);
  EXPECT_GT(moments.high, 0.99 * limit);
  EXPECT_NEAR(moments.deviation, limit / std::sqrt(3.0), 0.03 * limit);
}

TEST(DrawWeights, HeNormalIsCutAtTwoDeviationsAndKeepsTheVariance) {
  const Moments moments = moments_of("he_normal", {100, 200});
  const double wanted = std::sqrt(2.0 / 100.0);
  EXPECT_NEAR(moments.deviation, wanted, 0.02 * wanted);
  EXPECT_LE(moments.high, 2.0 * wanted / 0.87962566103423978);
  EXPECT_GT(moments.high, 1.9 * wanted);
}

TEST(DrawWeights, LecunUsesTheInputsOnly) {
  const double limit = std::sqrt(3.0 / 100.0);
  const Moments moments = moments_of("lecun_uniform", {100, 200});
  EXPECT_LE(moments.high, limit);
  EXPECT_GT(moments.high, 0.99 * limit);
}

TEST(DrawWeights, PlainDistributionsHaveTheirArguments) {
  const Moments normal = moments_of(initializers::RandomNormal(2.0, 0.5), {100, 100});
  EXPECT_NEAR(normal.mean, 2.0, 0.02);
  EXPECT_NEAR(normal.deviation, 0.5, 0.02);
  const Moments truncated = moments_of(initializers::TruncatedNormal(0.0, 0.5), {100, 100});
  EXPECT_LE(truncated.high, 1.0);
  EXPECT_NEAR(truncated.deviation, 0.5 * 0.87962566103423978, 0.01);
  const Moments uniform = moments_of(initializers::RandomUniform(1.0, 3.0), {100, 100});
  EXPECT_GE(uniform.low, 1.0);
  EXPECT_LT(uniform.high, 3.0);
  Initializer scaling("VarianceScaling", {{"scale", 3.0}});
  scaling.mode = "fan_out";
  scaling.distribution = "uniform";
  EXPECT_LE(moments_of(scaling, {100, 400}).high, std::sqrt(9.0 / 400.0));
}

TEST(DrawWeights, IsAFunctionOfSeedAndPath) {
  const Initializer glorot = "glorot_uniform";
  const Tensor first = draw_weights(glorot, {4, 4}, 1, "a/kernel");
  EXPECT_TRUE(first.equals(draw_weights(glorot, {4, 4}, 1, "a/kernel")));
  EXPECT_FALSE(first.equals(draw_weights(glorot, {4, 4}, 2, "a/kernel")));
  EXPECT_FALSE(first.equals(draw_weights(glorot, {4, 4}, 1, "b/kernel")));
  const Initializer seeded = initializers::GlorotUniform(5);
  EXPECT_TRUE(draw_weights(seeded, {4, 4}, 1, "a/kernel")
                  .equals(draw_weights(seeded, {4, 4}, 2, "b/kernel")));
}

TEST(DrawWeights, RefusesAModeThatDoesNotExist) {
  Initializer scaling("VarianceScaling", {});
  scaling.mode = "fan_sum";
  const std::string text = text_thrown<ContractError>([&] {
    return draw_weights(scaling, {2, 2}, 0, "w");
  });
  EXPECT_NE(text.find("mode is \"fan_sum\""), std::string::npos) << text;
}

TEST(Regularizer, TakesKerasWords) {
  EXPECT_EQ(Regularizer("l1_l2"), Regularizer(0.01, 0.01));
  EXPECT_EQ(Regularizer("l2"), regularizers::L2());
  EXPECT_FALSE(Regularizer().active());
  const std::string text = text_thrown<ContractError>([] { return Regularizer("l3"); });
  EXPECT_NE(text.find("there is none called \"l3\""), std::string::npos) << text;
}

}  // namespace
}  // namespace tenon
