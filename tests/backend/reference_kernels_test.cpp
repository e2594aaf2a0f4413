#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backend/api/dropout_mask.hpp"
#include "backend/api/engine.hpp"
#include "tenon/error.hpp"

// Corners of single kernels that random numbers never meet: ties, borders of clips, NaN, weights
// of zero. What the ops compute elsewhere is held by the goldens and the finite differences.

namespace tenon::backend {
namespace {

using ops::OpKind;
using ops::ValueId;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tensor floats(const Shape& shape, std::vector<float> values) { return Tensor::from(shape, values); }

std::vector<float> list(const Tensor& tensor) {
  const auto values = tensor.data<float>();
  return {values.begin(), values.end()};
}

/// An op on given inputs; its first output, and (where asked) gradients of the sum of that.
struct Result {
  std::vector<float> y;
  std::vector<std::vector<float>> gradients;
};

Result run(OpKind kind, const ops::Attributes& attributes, const std::vector<Tensor>& inputs,
           std::size_t num_gradients = 0, const StepNumbers& numbers = {}) {
  ops::Program program;
  ops::Builder builder(program);
  std::vector<ValueId> values;
  for (const Tensor& input : inputs) {
    values.push_back(
        builder.input("x" + std::to_string(values.size()), input.dtype(), input.shape()));
  }
  const ValueId y = builder.append(kind, attributes, values, "node")[0];
  builder.output("y", y);
  if (num_gradients > 0) {
    const ValueId loss =
        builder.apply(OpKind::kReduceSum, ops::ShapeAttributes{Shape{}}, {y}, "loss");
    const std::vector<ValueId> targets(values.begin(),
                                       values.begin() + static_cast<std::ptrdiff_t>(num_gradients));
    for (const ValueId gradient : append_gradients(program, loss, targets)) {
      builder.output("gradient" + std::to_string(gradient), gradient);
    }
  }
  const auto plan = reference_engine().compile(program, nullptr);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    plan->bind_input(i, inputs[i]);
  }
  plan->run(numbers);
  Result result{list(plan->output(0)), {}};
  for (std::size_t i = 0; i < num_gradients; ++i) {
    result.gradients.push_back(list(plan->output(i + 1)));
  }
  return result;
}

TEST(ReferenceKernels, MaximumSharesTheGradientOfEquals) {
  const std::vector<Tensor> inputs = {floats({3}, {1, 2, 3}), floats({3}, {1, 5, -1})};
  const Result largest = run(OpKind::kMaximum, ops::NoAttributes{}, inputs, 2);
  EXPECT_THAT(largest.gradients[0], ElementsAre(0.5F, 0.0F, 1.0F));
  EXPECT_THAT(largest.gradients[1], ElementsAre(0.5F, 1.0F, 0.0F));
  const Result smallest = run(OpKind::kMinimum, ops::NoAttributes{}, inputs, 2);
  EXPECT_THAT(smallest.gradients[0], ElementsAre(0.5F, 1.0F, 0.0F));
  EXPECT_THAT(smallest.gradients[1], ElementsAre(0.5F, 0.0F, 1.0F));
}

TEST(ReferenceKernels, MaxPoolingGivesTheGradientToTheFirstOfEquals) {
  const Result result =
      run(OpKind::kMaxPooling, ops::PoolingAttributes{}, {floats({1, 2, 2, 1}, {1, 7, 7, 2})}, 1);
  EXPECT_THAT(result.y, ElementsAre(7.0F));
  EXPECT_THAT(result.gradients[0], ElementsAre(0.0F, 1.0F, 0.0F, 0.0F));
}

TEST(ReferenceKernels, MaxPoolingKeepsNanAndPaddingNeverWins) {
  const ops::PoolingAttributes same{.pad_after = {0, 1}};
  const Result result =
      run(OpKind::kMaxPooling, same, {floats({1, 2, 3, 1}, {1, kNan, -5, 2, 3, -6})});
  EXPECT_TRUE(std::isnan(result.y[0]));
  EXPECT_EQ(result.y[1], -5.0F);
}

TEST(ReferenceKernels, AveragePoolingLeavesPaddingOut) {
  const ops::PoolingAttributes same{.pad_after = {1, 1}};
  const Result result = run(OpKind::kAveragePooling, same, {floats({1, 1, 3, 1}, {2, 4, 10})}, 1);
  EXPECT_THAT(result.y, ElementsAre(3.0F, 10.0F));
  EXPECT_THAT(result.gradients[0], ElementsAre(0.5F, 0.5F, 1.0F));
}

TEST(ReferenceKernels, ReluIsZeroBelowAndFlatAtZero) {
  const Result result =
      run(OpKind::kActivation, ops::ActivationAttributes{.kind = ops::ActivationKind::kRelu},
          {floats({4}, {-kInfinity, 0, 2, kNan})}, 1);
  EXPECT_EQ(result.y[0], 0.0F);
  EXPECT_EQ(result.y[2], 2.0F);
  EXPECT_TRUE(std::isnan(result.y[3]));
  EXPECT_EQ(result.gradients[0][0], 0.0F);
  EXPECT_EQ(result.gradients[0][1], 0.0F);
  EXPECT_EQ(result.gradients[0][2], 1.0F);
}

TEST(ReferenceKernels, LargeLogitsDoNotOverflow) {
  const Tensor x = floats({1, 3}, {1000, 0, -1000});
  EXPECT_THAT(run(OpKind::kSoftmax, ops::AxisAttributes{-1}, {x}).y, ElementsAre(1, 0, 0));
  EXPECT_THAT(run(OpKind::kLogSoftmax, ops::AxisAttributes{-1}, {x}).y,
              ElementsAre(0, -1000, -2000));
  const ops::LossAttributes logits{.kind = ops::LossKind::kBinaryCrossentropy, .from_logits = true};
  EXPECT_THAT(run(OpKind::kLoss, logits, {floats({1, 1}, {1000}), floats({1, 1}, {0})}).y,
              ElementsAre(1000));
}

TEST(ReferenceKernels, NothingFlowsBackFromOutsideOfTheProbabilityClip) {
  const Tensor p = floats({4, 1}, {0.0F, 1.0F, 1e-8F, 0.25F});
  const Tensor t = floats({4, 1}, {1.0F, 0.0F, 1.0F, 1.0F});
  const Result result = run(OpKind::kLoss,
                            ops::LossAttributes{.kind = ops::LossKind::kBinaryCrossentropy,
                                                .reduction = ops::LossReduction::kSum},
                            {p, t}, 1);
  // −log 1e-7 = 16.118; 1 − 1e-7 is 0.99999988 in float32, whose complement has −log 15.942.
  EXPECT_NEAR(result.y[0], 2 * 16.1181 + 15.9424 + 1.3863, 1e-3);
  EXPECT_THAT(result.gradients[0], ElementsAre(0.0F, 0.0F, 0.0F, FloatEq(-4.0F)));
}

TEST(ReferenceKernels, CategoricalClipStopsOnlyTheClippedTerm) {
  const Result result =
      run(OpKind::kLoss, ops::LossAttributes{.kind = ops::LossKind::kCategoricalCrossentropy},
          {floats({1, 2}, {0.0F, 2.0F}), floats({1, 2}, {1.0F, 0.0F})}, 1);
  EXPECT_NEAR(result.y[0], 16.1181, 1e-3);
  EXPECT_THAT(result.gradients[0], ElementsAre(0.0F, 0.0F));
}

TEST(ReferenceKernels, ReductionsDivideByWhatKerasDividesBy) {
  const std::vector<Tensor> inputs = {floats({2, 1}, {1, 2}), floats({2, 1}, {0, 0}),
                                      floats({2}, {3, 1})};
  const auto total = [&](ops::LossReduction reduction, double weight) {
    return run(OpKind::kLoss, ops::LossAttributes{.reduction = reduction, .weight = weight}, inputs)
        .y[0];
  };
  EXPECT_FLOAT_EQ(total(ops::LossReduction::kSum, 1.0), 7.0F);  // 3·1² + 1·2²
  EXPECT_FLOAT_EQ(total(ops::LossReduction::kSumOverBatchSize, 1.0), 3.5F);
  EXPECT_FLOAT_EQ(total(ops::LossReduction::kMeanWithSampleWeight, 1.0), 1.75F);
  EXPECT_FLOAT_EQ(total(ops::LossReduction::kSum, 0.5), 3.5F);
}

TEST(ReferenceKernels, WeightsOfZeroGiveALossOfZero) {
  const Result result = run(
      OpKind::kLoss, ops::LossAttributes{.reduction = ops::LossReduction::kMeanWithSampleWeight},
      {floats({2, 1}, {1, 2}), floats({2, 1}, {0, 0}), floats({2}, {0, 0})}, 1);
  EXPECT_THAT(result.y, ElementsAre(0.0F));
  EXPECT_THAT(result.gradients[0], ElementsAre(0.0F, 0.0F));
}

TEST(ReferenceKernels, AClassIdOutsideOfTheClassesIsNamed) {
  const Tensor ids = Tensor::from(Shape{2}, std::vector<std::int32_t>{0, 3});
  try {
    run(OpKind::kLoss, ops::LossAttributes{.kind = ops::LossKind::kSparseCategoricalCrossentropy},
        {floats({2, 3}, {1, 1, 1, 1, 1, 1}), ids});
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_EQ(error.code(), "D002");
    EXPECT_THAT(error.what(), HasSubstr("node: the target of row 1 is class 3, but the prediction "
                                        "has 3 classes"));
    EXPECT_THAT(error.what(), HasSubstr("class ids in [0, 3)"));
  }
}

TEST(ReferenceKernels, DropoutUsesTheSharedMaskForwardAndBackward) {
  const std::vector<float> ones(40, 1.0F);
  const ops::DropoutAttributes attributes{.rate = 0.75, .seed = 11, .stream = 2};
  const Result result =
      run(OpKind::kDropout, attributes, {floats({4, 10}, ones)}, 1, {.iteration = 5, .seed = 3});
  std::vector<std::uint8_t> mask(40);
  fill_dropout_mask(mask, 0.75, dropout_key(3, 11, 5, 2));
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(result.y[i], mask[i] != 0 ? 4.0F : 0.0F) << i;
    EXPECT_EQ(result.gradients[0][i], result.y[i]) << i;
  }
}

TEST(ReferenceKernels, ASharedDropoutMaskDropsWholeChannels) {
  const ops::DropoutAttributes attributes{.rate = 0.5, .noise_shape = {2, 1, 8}};
  const Result result =
      run(OpKind::kDropout, attributes, {floats({2, 3, 8}, std::vector<float>(48, 1.0F))});
  for (std::size_t i = 0; i < 48; ++i) {
    const std::size_t first_row = i / 24 * 24 + i % 8;
    EXPECT_EQ(result.y[i], result.y[first_row]) << i;
  }
  EXPECT_THAT(result.y, ::testing::Contains(0.0F));
  EXPECT_THAT(result.y, ::testing::Contains(2.0F));
}

TEST(ReferenceKernels, ClippingLeavesWhatIsWithinTheLimit) {
  const Tensor g = floats({2}, {3, -4});  // of norm 5
  const auto clip = [&](OpKind kind, double limit) {
    return run(kind, ops::ClipAttributes{limit}, {g}).y;
  };
  EXPECT_THAT(clip(OpKind::kClipByNorm, 6.0), ElementsAre(3, -4));
  EXPECT_THAT(clip(OpKind::kClipByNorm, 2.5), ElementsAre(1.5F, -2));
  EXPECT_THAT(clip(OpKind::kClipByGlobalNorm, 6.0), ElementsAre(3, -4));
  EXPECT_THAT(clip(OpKind::kClipByGlobalNorm, 2.5), ElementsAre(1.5F, -2));
  EXPECT_THAT(clip(OpKind::kClipByValue, 3.5), ElementsAre(3, -3.5F));
  EXPECT_THAT(run(OpKind::kClipByNorm, ops::ClipAttributes{1.0}, {floats({2}, {0, 0})}).y,
              ElementsAre(0, 0));
}

TEST(ReferenceKernels, CastTruncatesAndSaturates) {
  const auto cast = [](const Tensor& x, DType dtype) {
    ops::Program program;
    ops::Builder builder(program);
    const ValueId in = builder.input("x", x.dtype(), x.shape());
    builder.output("y", builder.apply(OpKind::kCast, ops::CastAttributes{dtype}, {in}, "cast"));
    const auto plan = reference_engine().compile(program, nullptr);
    plan->bind_input(0, x);
    plan->run({});
    return plan->output(0).clone();
  };
  const Tensor x = floats({7}, {1.9F, -1.9F, 300.0F, -300.0F, kNan, kInfinity, 0.0F});
  for (const DType dtype :
       {DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64, DType::kUInt8, DType::kUInt16,
        DType::kBool, DType::kBFloat16, DType::kFloat64}) {
    if (dtype != DType::kBFloat16 && dtype != DType::kFloat64) {
      EXPECT_TRUE(cast(x, dtype).equals(x.cast(dtype))) << name_of(dtype);
    }
    EXPECT_TRUE(cast(x.cast(dtype), DType::kFloat32).equals(x.cast(dtype).cast(DType::kFloat32)))
        << name_of(dtype);
  }
}

}  // namespace
}  // namespace tenon::backend
