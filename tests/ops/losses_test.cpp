#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using LossesTest = ProgramTest;

const LossAttributes kSquared{.kind = LossKind::kMeanSquaredError};
const LossAttributes kSparse{.kind = LossKind::kSparseCategoricalCrossentropy};

TEST_F(LossesTest, GiveATotalAndOnePerElement) {
  const ValueId prediction = input({8, 4, 4, 3});
  const ValueId target = input({8, 4, 4, 3});
  const auto made = builder.append(OpKind::kLoss, kSquared, {prediction, target}, "loss");
  EXPECT_EQ(builder.shape(made[0]), Shape{});
  EXPECT_EQ(builder.shape(made[1]), (Shape{8, 4, 4}));
}

TEST_F(LossesTest, ClassIdsAreWholeNumbersWithOrWithoutALastAxis) {
  const ValueId prediction = input({8, 10});
  for (const Shape& shape : {Shape{8}, Shape{8, 1}}) {
    EXPECT_EQ(error_of(OpKind::kLoss, kSparse, {prediction, input(shape, DType::kInt32)}), "");
  }
  EXPECT_THAT(error_of(OpKind::kLoss, kSparse, {prediction, input({8})}),
              HasSubstr("the target is float32, expected class ids in int32"));
  EXPECT_THAT(error_of(OpKind::kLoss, kSparse, {prediction, input({8, 10}, DType::kInt32)}),
              HasSubstr("the target has the shape (8, 10), expected class ids of the shape (8,)"));
}

TEST_F(LossesTest, NothingIsBroadcast) {
  const ValueId prediction = input({8, 1});
  EXPECT_THAT(error_of(OpKind::kLoss, kSquared, {prediction, input({8, 3})}),
              HasSubstr("target has the shape (8, 3), expected (8, 1)"));
  EXPECT_THAT(error_of(OpKind::kLoss, kSquared, {prediction, input({8})}),
              HasSubstr("target has the shape (8,), expected (8, 1)"));
  EXPECT_THAT(error_of(OpKind::kLoss, kSquared, {input({8}), input({8})}),
              HasSubstr("the prediction has fewer than the two axes"));
  EXPECT_THAT(error_of(OpKind::kLoss, kSquared, {prediction, input({8, 1}, DType::kInt32)}),
              HasSubstr("the target is int32, the prediction float32; cast the target"));
  EXPECT_THAT(error_of(OpKind::kLoss, kSquared, {prediction, prediction, input({8, 1})}),
              HasSubstr("sample_weight has the shape (8, 1), expected (8,)"));
  EXPECT_THAT(
      error_of(OpKind::kLoss, LossAttributes{.label_smoothing = 2.0}, {prediction, prediction}),
      HasSubstr("label_smoothing is 2, expected 0 to 1"));
}

TEST_F(LossesTest, TheGradientGoesToThePredictionAlone) {
  const ValueId prediction = input({8, 3});
  const ValueId target = input({8, 3});
  const ValueId weight = input({8});
  const ValueId total =
      builder.apply(OpKind::kLoss, kSquared, {prediction, target, weight}, "loss");
  const auto gradients = append_gradients(program, total, {prediction, target, weight});
  EXPECT_EQ(builder.shape(gradients[0]), (Shape{8, 3}));
  EXPECT_EQ(gradients[1], kNoValue);
  EXPECT_EQ(gradients[2], kNoValue);
  EXPECT_EQ(node_of(OpKind::kLossBackward).inputs[2], weight);
  EXPECT_THAT(append_gradients(program, total, {target}), ElementsAre(kNoValue));
  EXPECT_EQ(count(OpKind::kLossBackward), 1);
  validate(program);
}

TEST_F(LossesTest, NoGradientFlowsThroughEach) {
  const ValueId prediction = input({8, 3});
  const auto made =
      builder.append(OpKind::kLoss, kSquared, {prediction, input({8, 3})}, "loss/cell");
  EXPECT_THAT(model_error_of([&] { gradient(made[1], prediction); }),
              HasSubstr("loss/cell (loss): the loss depends on the output each"));
}

}  // namespace
}  // namespace tenon::ops
