#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using DenseTest = ProgramTest;

TEST_F(DenseTest, Shapes) {
  const ValueId x = input({8, 5});
  const ValueId y = builder.apply(OpKind::kDense, {},
                                  {x, variable("kernel", {5, 3}), variable("bias", {3})}, "head");
  EXPECT_EQ(builder.shape(y), (Shape{8, 3}));
  EXPECT_EQ(operations(), 2.0 * 8 * 5 * 3);
  EXPECT_THAT(error_of(OpKind::kDense, {}, {x, variable("k", {5, 3}), variable("b", {4})}),
              HasSubstr("bias has the shape (4,), expected (3,)"));
  EXPECT_THAT(error_of(OpKind::kDense, {}, {input({8, 2, 5}), variable("k2", {5, 3})}),
              HasSubstr("x has 3 axes, expected 2: (M, I)"));
  EXPECT_THAT(error_of(OpKind::kDenseBackwardData, {}, {input({8, 4}), variable("k3", {5, 3})}),
              HasSubstr("the outputs O of dy and kernel do not fit, 4 and 3"));
  EXPECT_THAT(error_of(OpKind::kDenseBackwardWeights, {}, {x, input({7, 3})}),
              HasSubstr("the rows M of x and dy do not fit, 8 and 7"));
}

TEST_F(DenseTest, Gradients) {
  const ValueId x = input({8, 5});
  const ValueId kernel = variable("kernel", {5, 3});
  const ValueId bias = variable("bias", {3});
  const ValueId loss = sum(builder.apply(OpKind::kDense, {}, {x, kernel, bias}, "head"));
  const auto gradients = append_gradients(program, loss, {kernel, bias});
  EXPECT_EQ(count(OpKind::kDenseBackwardData), 0);
  EXPECT_EQ(builder.shape(gradients[0]), (Shape{5, 3}));
  EXPECT_EQ(builder.shape(gradients[1]), (Shape{3}));
  EXPECT_EQ(builder.shape(append_gradients(program, loss, {x})[0]), (Shape{8, 5}));
  EXPECT_EQ(floating_point_operations(program, node_of(OpKind::kDenseBackwardData)), 240.0);
  EXPECT_EQ(floating_point_operations(program, node_of(OpKind::kDenseBackwardWeights)), 240.0);
  const std::ptrdiff_t before = count(OpKind::kDenseBackwardWeights);
  EXPECT_EQ(builder.shape(append_gradients(program, loss, {bias})[0]), (Shape{3}));
  EXPECT_EQ(count(OpKind::kDenseBackwardWeights), before);
  validate(program);
}

}  // namespace
}  // namespace tenon::ops
