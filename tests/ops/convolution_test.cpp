#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using ConvolutionTest = ProgramTest;

TEST_F(ConvolutionTest, ShapeFollowsStridePaddingAndDilation) {
  const ValueId x = input({8, 32, 31, 4});
  const ValueId kernel = variable("kernel", {3, 5, 4, 16});
  const ValueId bias = variable("bias", {16});
  const ConvolutionAttributes attributes{
      .strides = {2, 1}, .dilation = {1, 2}, .pad_before = {1, 4}, .pad_after = {0, 4}};
  const ValueId y = builder.apply(OpKind::kConvolution, attributes, {x, kernel, bias}, "conv");
  EXPECT_EQ(builder.shape(y), (Shape{8, 16, 31, 16}));
  EXPECT_EQ(operations(), 2.0 * 8 * 16 * 31 * 16 * 3 * 5 * 4);
}

TEST_F(ConvolutionTest, AVolumeHasADepth) {
  const ConvolutionAttributes attributes{
      .strides = {2, 1, 1}, .dilation = {1, 1, 2}, .pad_before = {0, 1, 2}, .pad_after = {1, 1, 2}};
  const ValueId x = input({8, 32, 16, 15, 4});
  const ValueId kernel = variable("kernel", {3, 3, 3, 4, 16});
  const ValueId y = builder.apply(OpKind::kConvolution, attributes, {x, kernel}, "conv");
  EXPECT_EQ(builder.shape(y), (Shape{8, 16, 16, 15, 16}));
  EXPECT_EQ(operations(), 2.0 * 8 * 16 * 16 * 15 * 16 * 27 * 4);
  EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  EXPECT_EQ(builder.shape(gradient(y, kernel)), builder.shape(kernel));
  EXPECT_THAT(
      error_of(OpKind::kConvolution, ConvolutionAttributes{}, {x, kernel}),
      HasSubstr("A001: layer (convolution): strides has 2 numbers, expected 3: one for each "
                "of depth, height and width"));
  EXPECT_THAT(error_of(OpKind::kConvolution, attributes, {x, variable("flat", {3, 3, 4, 16})}),
              HasSubstr("the kernel (3, 3, 4, 16) has 4 axes, the image (8, 32, 16, 15, 4) has 5"));
  EXPECT_THAT(error_of(OpKind::kConvolution, attributes, {x, variable("deep", {40, 3, 3, 4, 16})}),
              HasSubstr("the depth is 32 (33 with padding), less than the window of 40"));
}

TEST_F(ConvolutionTest, DepthwiseIsManyGroups) {
  const ValueId x = input({8, 32, 32, 6});
  const ValueId y = builder.apply(OpKind::kConvolution, ConvolutionAttributes{.groups = 6},
                                  {x, variable("kernel", {3, 3, 1, 12})}, "conv");
  EXPECT_EQ(builder.shape(y), (Shape{8, 30, 30, 12}));
}

TEST_F(ConvolutionTest, WrongInputsAreTold) {
  const ConvolutionAttributes plain;
  const ValueId x = input({8, 32, 32, 3});
  const ValueId kernel = variable("kernel", {3, 3, 4, 16});
  EXPECT_THAT(error_of(OpKind::kConvolution, plain, {x, kernel}),
              HasSubstr("S002: layer (convolution): the kernel (3, 3, 4, 16) takes 4 channels in "
                        "each of 1 groups, the image (8, 32, 32, 3) has 3"));
  const ValueId flat = input({8, 32, 3});
  EXPECT_THAT(error_of(OpKind::kConvolution, plain, {flat, kernel}),
              HasSubstr("x has 3 axes, expected 4 or 5: (N, [D,] H, W, C)"));
  const ValueId large = variable("large", {33, 3, 3, 16});
  EXPECT_THAT(error_of(OpKind::kConvolution, plain, {x, large}),
              HasSubstr("the height is 32 (32 with padding), less than the window of 33"));
  const ValueId fits = variable("fits", {3, 3, 3, 16});
  EXPECT_THAT(error_of(OpKind::kConvolution, plain, {x, fits, variable("bias", {15})}),
              HasSubstr("bias has the shape (15,), expected (16,)"));
  EXPECT_THAT(error_of(OpKind::kConvolution, ConvolutionAttributes{.strides = {1, 0}}, {x, fits}),
              HasSubstr("A001: layer (convolution): the stride of the width is 0"));
  EXPECT_THAT(
      error_of(OpKind::kConvolution, ConvolutionAttributes{.pad_before = {-1, 0}}, {x, fits}),
      HasSubstr("the padding before of the height is -1, expected 0 or more"));
  EXPECT_THAT(error_of(OpKind::kConvolution, ConvolutionAttributes{.groups = 0}, {x, fits}),
              HasSubstr("groups is 0"));
  const ValueId uneven = variable("uneven", {3, 3, 1, 16});
  EXPECT_THAT(error_of(OpKind::kConvolution, ConvolutionAttributes{.groups = 3}, {x, uneven}),
              HasSubstr("gives 16 channels, which 3 groups do not divide"));
}

TEST_F(ConvolutionTest, BackwardOpsCheckThatTheShapesBelongTogether) {
  const ValueId dy = input({8, 30, 30, 16});
  const ValueId kernel = variable("kernel", {3, 3, 3, 16});
  EXPECT_THAT(error_of(OpKind::kConvolutionBackwardData,
                       ConvolutionAttributes{.input_shape = {8, 31, 32, 3}}, {dy, kernel}),
              HasSubstr("dy has the shape (8, 30, 30, 16), the convolution gives (8, 29, 30, 16)"));
  EXPECT_THAT(error_of(OpKind::kConvolutionBackwardData, ConvolutionAttributes{}, {dy, kernel}),
              HasSubstr("A001: layer (convolution_backward_data): input_shape is ()"));
  EXPECT_THAT(error_of(OpKind::kConvolutionBackwardWeights, ConvolutionAttributes{},
                       {input({8, 32, 32, 3}), dy}),
              HasSubstr("kernel_shape is ()"));
}

TEST_F(ConvolutionTest, TheFirstLayerHasNoBackwardData) {
  const ValueId x = input({8, 32, 32, 3});
  const ValueId kernel = variable("kernel", {3, 3, 3, 16});
  const ValueId bias = variable("bias", {16});
  const ValueId y =
      builder.apply(OpKind::kConvolution, ConvolutionAttributes{}, {x, kernel, bias}, "stem");
  const auto gradients = append_gradients(program, sum(y), {kernel, bias});
  EXPECT_EQ(count(OpKind::kConvolutionBackwardData), 0);
  EXPECT_EQ(count(OpKind::kConvolutionBackwardWeights), 1);
  EXPECT_EQ(builder.shape(gradients[0]), (Shape{3, 3, 3, 16}));
  EXPECT_EQ(builder.shape(gradients[1]), (Shape{16}));
  EXPECT_EQ(node_of(OpKind::kConvolutionBackwardWeights).name, "stem/gradient");
  EXPECT_EQ(floating_point_operations(program, node_of(OpKind::kConvolutionBackwardWeights)),
            2.0 * 8 * 30 * 30 * 16 * 27);
  validate(program);
}

TEST_F(ConvolutionTest, OnlyWantedGradientsAreComputed) {
  const ValueId x = input({8, 32, 32, 3});
  const ValueId kernel = variable("kernel", {3, 3, 3, 16});
  const ValueId bias = variable("bias", {16});
  const ValueId loss =
      sum(builder.apply(OpKind::kConvolution, ConvolutionAttributes{}, {x, kernel, bias}, "stem"));
  append_gradients(program, loss, {kernel});
  EXPECT_EQ(node_of(OpKind::kConvolutionBackwardWeights).outputs[1], kNoValue);
  append_gradients(program, loss, {bias});
  EXPECT_EQ(count(OpKind::kConvolutionBackwardWeights), 1);
  const ValueId dx = append_gradients(program, loss, {x})[0];
  EXPECT_EQ(count(OpKind::kConvolutionBackwardWeights), 1);
  EXPECT_EQ(count(OpKind::kConvolutionBackwardData), 1);
  EXPECT_EQ(builder.shape(dx), (Shape{8, 32, 32, 3}));
  EXPECT_EQ(floating_point_operations(program, node_of(OpKind::kConvolutionBackwardData)),
            2.0 * 8 * 30 * 30 * 16 * 27);
}

TEST_F(ConvolutionTest, BackwardDataIsATransposedConvolutionWithGradients) {
  const ValueId x = input({8, 15, 15, 16});
  const ValueId kernel = variable("kernel", {2, 2, 5, 16});
  const ConvolutionAttributes attributes{.strides = {2, 2}, .input_shape = {8, 30, 30, 5}};
  const ValueId y = builder.apply(OpKind::kConvolutionBackwardData, attributes, {x, kernel}, "up");
  EXPECT_EQ(builder.shape(y), (Shape{8, 30, 30, 5}));
  const auto gradients = append_gradients(program, sum(y), {x, kernel});
  EXPECT_EQ(builder.shape(gradients[0]), builder.shape(x));
  EXPECT_EQ(builder.shape(gradients[1]), builder.shape(kernel));
  EXPECT_EQ(count(OpKind::kConvolution), 1);
  validate(program);
}

}  // namespace
}  // namespace tenon::ops
