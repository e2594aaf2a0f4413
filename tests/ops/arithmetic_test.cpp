#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ArithmeticTest = ProgramTest;

constexpr OpKind kBinary[] = {OpKind::kAdd, OpKind::kSubtract, OpKind::kMultiply, OpKind::kMaximum,
                              OpKind::kMinimum};

TEST_F(ArithmeticTest, ShapesBroadcastAsNumPys) {
  const ValueId a = input({8, 1, 3});
  const ValueId b = input({5, 1});
  const ValueId scalar = input({});
  for (const OpKind kind : kBinary) {
    EXPECT_EQ(builder.shape(builder.apply(kind, {}, {a, b}, "y")), (Shape{8, 5, 3}));
    EXPECT_EQ(builder.shape(builder.apply(kind, {}, {b, a}, "y")), (Shape{8, 5, 3}));
    EXPECT_EQ(builder.shape(builder.apply(kind, {}, {scalar, b}, "y")), (Shape{5, 1}));
  }
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {a, input({2, 3, 3})}),
              HasSubstr("(8, 1, 3) and (2, 3, 3) do not broadcast: axis -3 has 8 and 2"));
}

TEST_F(ArithmeticTest, GradientsHaveTheShapesOfTheInputs) {
  for (const OpKind kind : kBinary) {
    const ValueId a = input({8, 1, 3});
    const ValueId b = input({5, 1});
    const ValueId y = builder.apply(kind, {}, {a, b}, "y");
    const auto gradients = append_gradients(program, sum(y), {a, b});
    EXPECT_EQ(builder.shape(gradients[0]), builder.shape(a)) << name_of(kind);
    EXPECT_EQ(builder.shape(gradients[1]), builder.shape(b)) << name_of(kind);
  }
  validate(program);
}

TEST_F(ArithmeticTest, EqualShapesNeedNoSum) {
  const ValueId a = input({8, 3});
  const ValueId b = input({8, 3});
  gradient(builder.apply(OpKind::kMultiply, {}, {a, b}, "y"), a);
  EXPECT_EQ(count(OpKind::kReduceSum), 1);  // The loss itself.
  const Node& product = node_of(OpKind::kMultiply);
  EXPECT_EQ(product.inputs[1], b);
}

TEST_F(ArithmeticTest, SubtractNegatesTheSecond) {
  const ValueId a = input({8, 3});
  const ValueId b = input({8, 3});
  const ValueId loss = sum(builder.apply(OpKind::kSubtract, {}, {a, b}, "y"));
  append_gradients(program, loss, {a});
  EXPECT_EQ(count(OpKind::kAffine), 0);
  append_gradients(program, loss, {b});
  EXPECT_THAT(std::get<AffineAttributes>(node_of(OpKind::kAffine).attributes).scale,
              ElementsAre(-1.0F));
}

TEST_F(ArithmeticTest, ExtremaComputeOnlyTheWantedSide) {
  const ValueId a = input({8, 3});
  const ValueId b = input({3});
  gradient(builder.apply(OpKind::kMaximum, {}, {a, b}, "y"), b);
  EXPECT_EQ(node_of(OpKind::kMaximumBackward).outputs[0], kNoValue);
  EXPECT_NE(node_of(OpKind::kMaximumBackward).outputs[1], kNoValue);
  gradient(builder.apply(OpKind::kMinimum, {}, {a, b}, "y"), a);
  EXPECT_EQ(node_of(OpKind::kMinimumBackward).outputs[1], kNoValue);
  EXPECT_THAT(error_of(OpKind::kMaximumBackward, {}, {a, b, b}),
              HasSubstr("dy has the shape (3,), expected (8, 3)"));
}

TEST_F(ArithmeticTest, AddNTakesOneShape) {
  const ValueId a = input({8, 3});
  const ValueId b = input({8, 3});
  const ValueId y = builder.apply(OpKind::kAddN, {}, {a, b, a}, "y");
  EXPECT_EQ(builder.shape(y), (Shape{8, 3}));
  EXPECT_EQ(operations(), 72.0);
  EXPECT_EQ(builder.shape(gradient(y, b)), (Shape{8, 3}));
  EXPECT_THAT(error_of(OpKind::kAddN, {}, {a, b, input({3})}),
              HasSubstr("x has the shape (3,), expected (8, 3)"));
}

TEST_F(ArithmeticTest, ReduceSumIsTheReverseOfABroadcast) {
  const ValueId x = input({8, 5, 3});
  for (const Shape& shape : {Shape{5, 1}, Shape{8, 1, 3}, Shape{}, Shape{3}}) {
    const ValueId y = builder.apply(OpKind::kReduceSum, ShapeAttributes{shape}, {x}, "y");
    EXPECT_EQ(builder.shape(y), shape);
    EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  }
  EXPECT_THAT(error_of(OpKind::kReduceSum, ShapeAttributes{{8, 3}}, {x}),
              HasSubstr("the shape (8, 3) does not broadcast to that of x"));
  validate(program);
}

TEST_F(ArithmeticTest, AffineScalesAllOrTheLastAxis) {
  const ValueId x = input({8, 3});
  const ValueId y =
      builder.apply(OpKind::kAffine, AffineAttributes{{1.0F, 2.0F, 3.0F}, {5.0F}}, {x}, "y");
  EXPECT_EQ(builder.shape(y), builder.shape(x));
  gradient(y, x);
  const auto& attributes = std::get<AffineAttributes>(node_of(OpKind::kAffine).attributes);
  EXPECT_THAT(attributes.scale, ElementsAre(1.0F, 2.0F, 3.0F));
  EXPECT_THAT(attributes.offset, ElementsAre(0.0F));
  EXPECT_THAT(error_of(OpKind::kAffine, AffineAttributes{{1.0F, 2.0F}, {0.0F}}, {x}),
              HasSubstr("scale has 2 entries, expected 1 or as many as the last axis of x"));
  EXPECT_THAT(error_of(OpKind::kAffine, AffineAttributes{{1.0F}, {}}, {x}),
              HasSubstr("offset has 0 entries"));
}

}  // namespace
}  // namespace tenon::ops
