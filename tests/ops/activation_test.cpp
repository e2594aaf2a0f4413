#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ActivationTest = ProgramTest;

TEST(ActivationUsesOutput, WhereTheSlopeFollowsFromTheResult) {
  for (const ActivationKind kind :
       {ActivationKind::kLinear, ActivationKind::kRelu, ActivationKind::kSigmoid,
        ActivationKind::kTanh, ActivationKind::kElu, ActivationKind::kSelu,
        ActivationKind::kLeakyRelu, ActivationKind::kExponential}) {
    EXPECT_TRUE(activation_uses_output({.kind = kind})) << name_of(kind);
  }
  for (const ActivationKind kind :
       {ActivationKind::kGelu, ActivationKind::kGeluTanh, ActivationKind::kSilu,
        ActivationKind::kSoftplus, ActivationKind::kSoftsign, ActivationKind::kHardSigmoid,
        ActivationKind::kHardSilu, ActivationKind::kMish, ActivationKind::kLogSigmoid}) {
    EXPECT_FALSE(activation_uses_output({.kind = kind})) << name_of(kind);
  }
}

TEST(ActivationUsesOutput, NotWhereTwoInputsGiveOneResult) {
  EXPECT_FALSE(activation_uses_output({.kind = ActivationKind::kRelu, .threshold = 0.5F}));
  EXPECT_FALSE(activation_uses_output({.kind = ActivationKind::kRelu, .beta = -0.1F}));
  EXPECT_FALSE(activation_uses_output({.kind = ActivationKind::kLeakyRelu, .beta = -0.1F}));
  EXPECT_FALSE(activation_uses_output({.kind = ActivationKind::kElu, .alpha = -1.0F}));
}

TEST_F(ActivationTest, TheBackwardTwinReadsResultOrInput) {
  const ValueId x = input({8, 3});
  const ActivationAttributes relu{.kind = ActivationKind::kRelu};
  const ValueId y = builder.apply(OpKind::kActivation, relu, {x}, "relu");
  gradient(y, x);
  EXPECT_EQ(node_of(OpKind::kActivationBackward).inputs[0], y);
  const ActivationAttributes gelu{.kind = ActivationKind::kGelu};
  gradient(builder.apply(OpKind::kActivation, gelu, {x}, "gelu"), x);
  EXPECT_EQ(node_of(OpKind::kActivationBackward).inputs[0], x);
  EXPECT_EQ(std::get<ActivationAttributes>(node_of(OpKind::kActivationBackward).attributes).kind,
            ActivationKind::kGelu);
}

TEST_F(ActivationTest, LinearNeedsNoBackwardNode) {
  const ValueId x = input({8, 3});
  EXPECT_NE(gradient(builder.apply(OpKind::kActivation, ActivationAttributes{}, {x}, "y"), x),
            kNoValue);
  EXPECT_EQ(count(OpKind::kActivationBackward), 0);
}

TEST_F(ActivationTest, BackwardShapesMustBeEqual) {
  EXPECT_THAT(
      error_of(OpKind::kActivationBackward, ActivationAttributes{}, {input({8, 3}), input({3, 8})}),
      ::testing::HasSubstr("dy has the shape (3, 8), expected (8, 3)"));
}

}  // namespace
}  // namespace tenon::ops
