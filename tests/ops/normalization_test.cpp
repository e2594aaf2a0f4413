#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NormalizationTest : public ProgramTest {
 protected:
  const NormalizationAttributes attributes;
  const ValueId x = input({8, 4, 4, 6});
  const ValueId gamma = variable("gamma", {6});
  const ValueId beta = variable("beta", {6});
  const ValueId moving_mean = variable("moving_mean", {6});
  const ValueId moving_variance = variable("moving_variance", {6});
};

TEST_F(NormalizationTest, TrainingGivesTheBatchsMoments) {
  const auto made =
      builder.append(OpKind::kBatchNormalizationTraining, attributes, {x, gamma, beta}, "bn");
  EXPECT_EQ(builder.shape(made[0]), builder.shape(x));
  EXPECT_EQ(builder.shape(made[1]), (Shape{6}));
  EXPECT_EQ(builder.shape(made[2]), (Shape{6}));
  EXPECT_THAT(error_of(OpKind::kBatchNormalizationTraining, attributes, {x, variable("five", {5})}),
              HasSubstr("gamma has the shape (5,), expected (6,)"));
  EXPECT_THAT(error_of(OpKind::kBatchNormalizationTraining, NormalizationAttributes{-1.0}, {x}),
              HasSubstr("epsilon is -1, expected 0 or more"));
  EXPECT_THAT(error_of(OpKind::kBatchNormalizationTraining, attributes, {input({8})}),
              HasSubstr("x has fewer than the two axes (N, …, C)"));
}

TEST_F(NormalizationTest, TrainingsGradientReadsTheBatchsMoments) {
  const auto made =
      builder.append(OpKind::kBatchNormalizationTraining, attributes, {x, gamma, beta}, "bn");
  const auto gradients = append_gradients(program, sum(made[0]), {x, gamma, beta});
  EXPECT_EQ(builder.shape(gradients[0]), builder.shape(x));
  EXPECT_EQ(builder.shape(gradients[1]), (Shape{6}));
  EXPECT_EQ(builder.shape(gradients[2]), (Shape{6}));
  const Node& backward = node_of(OpKind::kBatchNormalizationBackward);
  EXPECT_EQ(backward.inputs[0], x);
  EXPECT_EQ(backward.inputs[2], gamma);
  EXPECT_EQ(backward.inputs[3], made[1]);
  EXPECT_EQ(backward.inputs[4], made[2]);
  validate(program);
}

TEST_F(NormalizationTest, GammaAndBetaAreOptional) {
  const auto made =
      builder.append(OpKind::kBatchNormalizationTraining, attributes, {x, kNoValue, beta}, "bn");
  const auto gradients = append_gradients(program, sum(made[0]), {beta});
  EXPECT_EQ(builder.shape(gradients[0]), (Shape{6}));
  const Node& backward = node_of(OpKind::kBatchNormalizationBackward);
  EXPECT_EQ(backward.inputs[2], kNoValue);
  EXPECT_EQ(backward.outputs[1], kNoValue);
  EXPECT_THAT(
      error_of(OpKind::kBatchNormalizationBackward, attributes, {x, x, kNoValue, made[1], made[2]}),
      HasSubstr("dgamma is wanted, but there is no gamma"));
}

TEST_F(NormalizationTest, InferencesGradientReadsTheMovingMoments) {
  const ValueId y = builder.apply(OpKind::kBatchNormalizationInference, attributes,
                                  {x, gamma, beta, moving_mean, moving_variance}, "bn");
  const ValueId loss = sum(y);
  EXPECT_EQ(builder.shape(append_gradients(program, loss, {x})[0]), builder.shape(x));
  const Node& backward = node_of(OpKind::kBatchNormalizationInferenceBackward);
  EXPECT_EQ(backward.inputs[3], moving_mean);
  EXPECT_EQ(backward.inputs[4], moving_variance);
  EXPECT_EQ(backward.outputs[1], kNoValue);
  EXPECT_EQ(backward.outputs[2], kNoValue);
  EXPECT_THAT(append_gradients(program, loss, {moving_mean}), ElementsAre(kNoValue));
  EXPECT_EQ(count(OpKind::kBatchNormalizationInferenceBackward), 1);
  validate(program);
}

TEST_F(NormalizationTest, NoGradientFlowsThroughTheMoments) {
  const auto made = builder.append(OpKind::kBatchNormalizationTraining, attributes, {x}, "bn");
  EXPECT_THAT(model_error_of([&] { gradient(made[1], x); }),
              HasSubstr("M001: bn (batch_normalization_training): the loss depends on the output "
                        "mean, through which no gradient flows; only y has one"));
}

TEST_F(NormalizationTest, MovingAveragesAreVariables) {
  const auto made = builder.append(OpKind::kBatchNormalizationTraining, attributes, {x}, "bn");
  const MovingAverageAttributes momentum;
  EXPECT_TRUE(
      builder.append(OpKind::kMovingAverageUpdate, momentum, {moving_mean, made[1]}, "bn").empty());
  EXPECT_EQ(operations(), 18.0);
  EXPECT_THAT(error_of(OpKind::kMovingAverageUpdate, momentum, {made[1], made[2]}),
              HasSubstr("moving is written, so it must be a variable"));
  EXPECT_THAT(error_of(OpKind::kMovingAverageUpdate, momentum, {variable("five", {5}), made[1]}),
              HasSubstr("value has the shape (6,), expected (5,)"));
  EXPECT_THAT(
      error_of(OpKind::kMovingAverageUpdate, MovingAverageAttributes{1.5}, {moving_mean, made[1]}),
      HasSubstr("momentum is 1.5, expected 0 to 1"));
}

}  // namespace
}  // namespace tenon::ops
