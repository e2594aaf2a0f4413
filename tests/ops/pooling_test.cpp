#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using PoolingTest = ProgramTest;

TEST_F(PoolingTest, Shapes) {
  const ValueId x = input({2, 9, 8, 3});
  const PoolingAttributes same{
      .window = {3, 2}, .strides = {2, 2}, .pad_before = {1, 0}, .pad_after = {1, 0}};
  EXPECT_EQ(builder.shape(builder.apply(OpKind::kMaxPooling, same, {x}, "pool")),
            (Shape{2, 5, 4, 3}));
  EXPECT_EQ(operations(), 2.0 * 5 * 4 * 3 * 6);
  EXPECT_EQ(builder.shape(builder.apply(OpKind::kAveragePooling, same, {x}, "pool")),
            (Shape{2, 5, 4, 3}));
}

TEST_F(PoolingTest, AVolumeHasADepth) {
  const ValueId x = input({2, 9, 8, 6, 3});
  const PoolingAttributes halves{
      .window = {2, 2, 2}, .strides = {2, 2, 2}, .pad_before = {0, 0, 0}, .pad_after = {1, 0, 0}};
  const ValueId y = builder.apply(OpKind::kAveragePooling, halves, {x}, "pool");
  EXPECT_EQ(builder.shape(y), (Shape{2, 5, 4, 3, 3}));
  EXPECT_EQ(operations(), 2.0 * 5 * 4 * 3 * 3 * 8);
  EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  EXPECT_THAT(error_of(OpKind::kMaxPooling, PoolingAttributes{}, {x}),
              HasSubstr("window has 2 numbers, expected 3"));
}

TEST_F(PoolingTest, AWindowOfPaddingAloneIsRefused) {
  const ValueId x = input({2, 9, 8, 3});
  const PoolingAttributes padded{.window = {2, 2}, .pad_before = {2, 0}};
  EXPECT_THAT(error_of(OpKind::kMaxPooling, padded, {x}),
              HasSubstr("the padding of the height (2 and 0) leaves a window of 2 with nothing"));
  EXPECT_THAT(error_of(OpKind::kAveragePooling, PoolingAttributes{.window = {10, 2}}, {x}),
              HasSubstr("the height is 9 (9 with padding), less than the window of 10"));
  EXPECT_THAT(error_of(OpKind::kMaxPooling, PoolingAttributes{}, {input({8, 3})}),
              HasSubstr("x has 2 axes, expected 4 or 5: (N, [D,] H, W, C)"));
}

TEST_F(PoolingTest, MaximumsGradientReadsTheWorkspace) {
  const ValueId x = input({2, 9, 8, 3});
  const auto made = builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {x}, "pool");
  EXPECT_EQ(builder.shape(gradient(made[0], x)), builder.shape(x));
  const Node& backward = node_of(OpKind::kMaxPoolingBackward);
  EXPECT_EQ(backward.inputs[0], x);
  EXPECT_EQ(backward.inputs[1], made[0]);
  EXPECT_EQ(backward.inputs[2], made[1]);
  EXPECT_EQ(std::get<PoolingAttributes>(backward.attributes).input_shape, builder.shape(x));
  EXPECT_EQ(floating_point_operations(program, backward), 2.0 * 4 * 4 * 3 * 4);
  validate(program);
}

TEST_F(PoolingTest, WithoutAWorkspaceThereIsNoGradient) {
  const ValueId x = input({2, 9, 8, 3});
  const ValueId y =
      builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {x}, "pool", {true, false})[0];
  EXPECT_THAT(model_error_of([&] { gradient(y, x); }),
              HasSubstr("M001: pool (max_pooling): its gradient needs the output workspace"));
}

TEST_F(PoolingTest, AveragesGradientKnowsItsInputsShape) {
  const ValueId x = input({2, 9, 8, 3});
  const ValueId y = builder.apply(OpKind::kAveragePooling, PoolingAttributes{}, {x}, "pool");
  EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  EXPECT_THAT(error_of(OpKind::kAveragePoolingBackward, PoolingAttributes{}, {y}),
              HasSubstr("input_shape is ()"));
  EXPECT_THAT(error_of(OpKind::kAveragePoolingBackward,
                       PoolingAttributes{.input_shape = {2, 11, 8, 3}}, {y}),
              HasSubstr("dy has the shape (2, 4, 4, 3), expected (2, 5, 4, 3)"));
}

}  // namespace
}  // namespace tenon::ops
