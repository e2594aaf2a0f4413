#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GradientsTest : public ProgramTest {
 protected:
  ValueId dense(ValueId x, ValueId kernel, const std::string& name) {
    return builder.apply(OpKind::kDense, {}, {x, kernel}, name);
  }
  ValueId activation(ValueId x, ActivationKind kind, const std::string& name) {
    return builder.apply(OpKind::kActivation, ActivationAttributes{.kind = kind}, {x}, name);
  }
};

TEST_F(GradientsTest, TheSeedIsOne) {
  const ValueId w = variable("w", {3});
  const ValueId loss = sum(w);
  const ValueId gradient = append_gradients(program, loss, {w})[0];
  EXPECT_EQ(builder.shape(gradient), (Shape{3}));
  const ValueId seed = program.nodes.back().inputs[0];
  EXPECT_EQ(program.value(seed).kind, ValueKind::kConstant);
  EXPECT_EQ(program.value(seed).constant, 1.0F);
  EXPECT_EQ(program.value(seed).shape, Shape{});
}

TEST_F(GradientsTest, AValueUsedTwiceIsAddedOnce) {
  const ValueId x = input({8, 3});
  const ValueId first = variable("first", {3, 3});
  const ValueId shared = dense(x, first, "shared");
  const ValueId left = activation(shared, ActivationKind::kRelu, "left");
  const ValueId right = activation(shared, ActivationKind::kTanh, "right");
  const ValueId third = activation(shared, ActivationKind::kGelu, "third");
  const ValueId y = builder.apply(OpKind::kAddN, {}, {left, right, third}, "joined");
  append_gradients(program, sum(y), {first});
  const Node& added = node_of(OpKind::kAddN);
  EXPECT_EQ(added.inputs.size(), 3U);
  EXPECT_EQ(added.name, "shared/gradient");
  EXPECT_EQ(count(OpKind::kAddN), 2);
  EXPECT_EQ(count(OpKind::kDenseBackwardWeights), 1);
  validate(program);
}

TEST_F(GradientsTest, AVariableSharedByTwoLayersGetsTheSum) {
  const ValueId x = input({8, 3});
  const ValueId kernel = variable("kernel", {3, 3});
  const ValueId y = dense(dense(x, kernel, "once"), kernel, "twice");
  const ValueId gradient = append_gradients(program, sum(y), {kernel})[0];
  EXPECT_EQ(count(OpKind::kDenseBackwardWeights), 2);
  EXPECT_EQ(count(OpKind::kDenseBackwardData), 1);
  EXPECT_EQ(program.nodes.back().outputs[0], gradient);
  EXPECT_EQ(program.nodes.back().name, "kernel/gradient");
  validate(program);
}

TEST_F(GradientsTest, AnInputTakenTwiceByOneNodeCountsTwice) {
  const ValueId x = input({8, 3});
  const ValueId y = builder.apply(OpKind::kMultiply, {}, {x, x}, "square");
  gradient(y, x);
  EXPECT_EQ(node_of(OpKind::kAddN).inputs.size(), 2U);
}

TEST_F(GradientsTest, OnlyTheWayToTheTargetsIsWalked) {
  const ValueId x = input({8, 3});
  const ValueId frozen = variable("frozen", {3, 3});
  const ValueId trained = variable("trained", {3, 3});
  const ValueId y =
      dense(activation(dense(x, frozen, "a"), ActivationKind::kTanh, "b"), trained, "c");
  append_gradients(program, sum(y), {trained});
  EXPECT_EQ(count(OpKind::kDenseBackwardWeights), 1);
  EXPECT_EQ(count(OpKind::kDenseBackwardData), 0);
  EXPECT_EQ(count(OpKind::kActivationBackward), 0);
}

TEST_F(GradientsTest, WhatTheLossDoesNotDependOnHasNone) {
  const ValueId x = input({8, 3});
  const ValueId used = variable("used", {3, 3});
  const ValueId unused = variable("unused", {3, 3});
  const ValueId loss = sum(dense(x, used, "a"));
  dense(x, unused, "aside");
  const std::size_t nodes = program.nodes.size();
  EXPECT_THAT(append_gradients(program, loss, {unused}), ElementsAre(kNoValue));
  EXPECT_EQ(program.nodes.size(), nodes);
  const auto both = append_gradients(program, loss, {unused, used});
  EXPECT_EQ(both[0], kNoValue);
  EXPECT_NE(both[1], kNoValue);
}

TEST_F(GradientsTest, SeveralLossesAreAddedBeforehand) {
  const ValueId w = variable("w", {3, 3});
  const ValueId penalty = builder.apply(OpKind::kL1L2Penalty, PenaltyAttributes{}, {w}, "penalty");
  const ValueId loss = sum(dense(input({8, 3}), w, "a"));
  const ValueId total = builder.apply(OpKind::kAddN, {}, {loss, penalty}, "loss");
  EXPECT_EQ(builder.shape(append_gradients(program, total, {w})[0]), (Shape{3, 3}));
  EXPECT_EQ(count(OpKind::kL1L2PenaltyBackward), 1);
  validate(program);
}

TEST_F(GradientsTest, AUpdateInTheForwardPassIsNoObstacle) {
  const ValueId x = input({8, 3});
  const ValueId kernel = variable("kernel", {3, 3});
  const ValueId moving = variable("moving", {3});
  const auto made = builder.append(OpKind::kBatchNormalizationTraining, NormalizationAttributes{},
                                   {dense(x, kernel, "a")}, "bn");
  builder.append(OpKind::kMovingAverageUpdate, MovingAverageAttributes{}, {moving, made[1]}, "bn");
  EXPECT_NE(append_gradients(program, sum(made[0]), {kernel})[0], kNoValue);
  validate(program);
}

TEST_F(GradientsTest, ASmallNetworkTrainsAsAValidProgram) {
  const ValueId image = input({8, 16, 16, 3});
  const ValueId stem = variable("stem/kernel", {3, 3, 3, 4});
  const ValueId gamma = variable("bn/gamma", {4});
  const ValueId head = variable("head/kernel", {2 * 4 * 49, 10});
  const ValueId y =
      builder.apply(OpKind::kConvolution, ConvolutionAttributes{}, {image, stem}, "stem");
  const ValueId normal = builder.append(OpKind::kBatchNormalizationTraining,
                                        NormalizationAttributes{}, {y, gamma}, "bn")[0];
  const ValueId most = builder.apply(OpKind::kMaxPooling, PoolingAttributes{}, {normal}, "most");
  const ValueId mean =
      builder.apply(OpKind::kAveragePooling, PoolingAttributes{}, {normal}, "mean");
  const ValueId both = builder.apply(OpKind::kConcatenate, AxisAttributes{}, {most, mean}, "both");
  const ValueId flat =
      builder.apply(OpKind::kReshape, ShapeAttributes{{8, 2 * 4 * 49}}, {both}, "flat");
  const ValueId loss =
      builder.apply(OpKind::kLoss, LossAttributes{.kind = LossKind::kSparseCategoricalCrossentropy},
                    {dense(flat, head, "head"), input({8}, DType::kInt32)}, "loss");
  const std::vector<ValueId> weights = {stem, gamma, head};
  const auto gradients = append_gradients(program, loss, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(builder.shape(gradients[i]), builder.shape(weights[i]));
    builder.append(OpKind::kSgdUpdate, OptimizerAttributes{}, {weights[i], gradients[i]}, "sgd");
  }
  builder.output("loss", loss);
  remove_dead_nodes(program);
  validate(program);
  EXPECT_EQ(count(OpKind::kConvolutionBackwardData), 0);
  EXPECT_EQ(count(OpKind::kSlice), 2);
  EXPECT_EQ(count(OpKind::kAddN), 1);
  EXPECT_EQ(program.nodes.size(), 8U + 11U + 3U);
}

TEST_F(GradientsTest, OpsWithoutAGradientAreTold) {
  const ValueId w = variable("w", {3});
  const ValueId clipped = builder.apply(OpKind::kClipByValue, ClipAttributes{1.0}, {w}, "clip");
  EXPECT_EQ(model_error_of([&] { gradient(clipped, w); }),
            "M001: clip (clip_by_value): the loss depends on it, but the op has no gradient");
}

TEST_F(GradientsTest, TheLossIsAScalarThatExists) {
  const ValueId w = variable("w", {3});
  EXPECT_EQ(model_error_of([&] { append_gradients(program, w, {w}); }),
            "M001: the loss \"w\" is float32 (3,), expected a floating scalar ()");
  EXPECT_THAT(model_error_of([&] { append_gradients(program, 77, {w}); }),
              HasSubstr("the loss is value 77, which does not exist"));
  const ValueId loss = sum(w);
  EXPECT_THAT(model_error_of([&] { append_gradients(program, loss, {kNoValue}); }),
              HasSubstr("a gradient is wanted of value -1"));
}

}  // namespace
}  // namespace tenon::ops
