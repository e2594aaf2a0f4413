#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using ImagesTest = ProgramTest;

TEST_F(ImagesTest, UpSamplingMultipliesHeightAndWidth) {
  const ValueId x = input({2, 4, 5, 3});
  const UpSamplingAttributes nearest{.size = {2, 3}};
  const ValueId y = builder.apply(OpKind::kUpSampling, nearest, {x}, "up");
  EXPECT_EQ(builder.shape(y), (Shape{2, 8, 15, 3}));
  EXPECT_EQ(operations(), 0.0);
  EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  EXPECT_EQ(floating_point_operations(program, program.nodes.back()), 2.0 * 8 * 15 * 3);
  validate(program);
}

TEST_F(ImagesTest, UpSamplingOfAVolume) {
  const ValueId x = input({2, 4, 5, 6, 3});
  const UpSamplingAttributes nearest{.size = {2, 1, 3}};
  const ValueId y = builder.apply(OpKind::kUpSampling, nearest, {x}, "up");
  EXPECT_EQ(builder.shape(y), (Shape{2, 8, 5, 18, 3}));
  EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  const UpSamplingAttributes bilinear{.size = {2, 1, 3}, .bilinear = true};
  EXPECT_THAT(error_of(OpKind::kUpSampling, bilinear, {x}), HasSubstr("bilinear is of images"));
}

TEST_F(ImagesTest, WrongSizesAreTold) {
  const ValueId x = input({2, 4, 5, 3});
  EXPECT_THAT(error_of(OpKind::kUpSampling, UpSamplingAttributes{.size = {0, 2}}, {x}),
              HasSubstr("the size is (0, 2), expected 1 or more"));
  EXPECT_THAT(error_of(OpKind::kUpSampling, UpSamplingAttributes{}, {input({4, 5})}),
              HasSubstr("x has 2 axes, expected 4 or 5: (N, [D,] H, W, C)"));
  EXPECT_THAT(error_of(OpKind::kUpSamplingBackward, UpSamplingAttributes{}, {x}),
              HasSubstr("the width is 5, which is no multiple of 2"));
}

}  // namespace
}  // namespace tenon::ops
