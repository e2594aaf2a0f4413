#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ShapeOpsTest = ProgramTest;

TEST_F(ShapeOpsTest, ReshapeKeepsTheElements) {
  const ValueId x = input({2, 3, 4}, DType::kInt32);
  const ValueId y = builder.apply(OpKind::kReshape, ShapeAttributes{{6, 4}}, {x}, "flat");
  EXPECT_EQ(builder.shape(y), (Shape{6, 4}));
  EXPECT_EQ(builder.dtype(y), DType::kInt32);
  EXPECT_THAT(error_of(OpKind::kReshape, ShapeAttributes{{5, 5}}, {x}),
              HasSubstr("24 elements do not fill the shape (5, 5)"));
  EXPECT_THAT(error_of(OpKind::kReshape, ShapeAttributes{{-1, 24}}, {x}),
              HasSubstr("the shape (-1, 24) has a size below 1"));
}

TEST_F(ShapeOpsTest, TransposeTakesAnOrderOfTheAxes) {
  const ValueId x = input({2, 3, 4});
  const ValueId y =
      builder.apply(OpKind::kTranspose, PermutationAttributes{{2, 0, 1}}, {x}, "turn");
  EXPECT_EQ(builder.shape(y), (Shape{4, 2, 3}));
  EXPECT_EQ(builder.shape(gradient(y, x)), builder.shape(x));
  EXPECT_THAT(std::get<PermutationAttributes>(node_of(OpKind::kTranspose).attributes).axes,
              ElementsAre(1, 2, 0));
  for (const std::vector<int>& axes :
       std::vector<std::vector<int>>{{0, 1}, {0, 1, 1}, {0, 1, 3}, {0, 1, -1}}) {
    EXPECT_THAT(error_of(OpKind::kTranspose, PermutationAttributes{axes}, {x}),
                HasSubstr("are no order of the 3 axes of x"));
  }
}

TEST_F(ShapeOpsTest, ConcatenateAddsAlongOneAxis) {
  const ValueId a = input({2, 3, 4});
  const ValueId b = input({2, 5, 4});
  EXPECT_EQ(builder.shape(builder.apply(OpKind::kConcatenate, AxisAttributes{-2}, {a, b, a}, "c")),
            (Shape{2, 11, 4}));
  EXPECT_THAT(error_of(OpKind::kConcatenate, AxisAttributes{-1}, {a, b}),
              HasSubstr("the shapes differ in more than axis 2; x0 is f32 (2, 3, 4) (input 0), x1 "
                        "is f32 (2, 5, 4) (input 1)"));
  EXPECT_THAT(error_of(OpKind::kConcatenate, AxisAttributes{3}, {a, b}),
              HasSubstr("axis 3 does not exist, there are 3 axes"));
  EXPECT_THAT(error_of(OpKind::kConcatenate, AxisAttributes{1}, {a, input({2, 3})}),
              HasSubstr("differ in more than axis 1"));
}

TEST_F(ShapeOpsTest, ConcatenatesGradientSlicesForWantedInputsOnly) {
  const ValueId a = input({2, 3, 4});
  const ValueId b = input({2, 5, 4});
  const ValueId y = builder.apply(OpKind::kConcatenate, AxisAttributes{1}, {a, b}, "c");
  EXPECT_EQ(builder.shape(gradient(y, b)), builder.shape(b));
  EXPECT_EQ(count(OpKind::kSlice), 1);
  const auto& range = std::get<RangeAttributes>(node_of(OpKind::kSlice).attributes);
  EXPECT_THAT(range.begin, ElementsAre(0, 3, 0));
  EXPECT_THAT(range.end, ElementsAre(2, 8, 4));
}

TEST_F(ShapeOpsTest, SliceAndPadAreEachOthersGradients) {
  const ValueId x = input({4, 6});
  const ValueId part = builder.apply(OpKind::kSlice, RangeAttributes{{1, 0}, {3, 5}}, {x}, "part");
  EXPECT_EQ(builder.shape(part), (Shape{2, 5}));
  EXPECT_EQ(builder.shape(gradient(part, x)), builder.shape(x));
  const auto& padding = std::get<RangeAttributes>(node_of(OpKind::kPad).attributes);
  EXPECT_THAT(padding.begin, ElementsAre(1, 0));
  EXPECT_THAT(padding.end, ElementsAre(1, 1));
  const ValueId padded =
      builder.apply(OpKind::kPad, RangeAttributes{{0, 2}, {1, 3}}, {x}, "padded");
  EXPECT_EQ(builder.shape(padded), (Shape{5, 11}));
  EXPECT_EQ(builder.shape(gradient(padded, x)), builder.shape(x));
  const auto& range = std::get<RangeAttributes>(node_of(OpKind::kSlice).attributes);
  EXPECT_THAT(range.begin, ElementsAre(0, 2));
  EXPECT_THAT(range.end, ElementsAre(4, 8));
  validate(program);
}

TEST_F(ShapeOpsTest, RangesOutsideAreRefused) {
  const ValueId x = input({4, 6});
  EXPECT_THAT(error_of(OpKind::kSlice, RangeAttributes{{0, 0}, {5, 6}}, {x}),
              HasSubstr("the range [0, 5) of axis 0 does not lie in [0, 4)"));
  EXPECT_THAT(error_of(OpKind::kSlice, RangeAttributes{{0, 3}, {4, 3}}, {x}),
              HasSubstr("the range [3, 3) of axis 1"));
  EXPECT_THAT(error_of(OpKind::kSlice, RangeAttributes{{0}, {4}}, {x}),
              HasSubstr("begin has 1 and end 1 entries"));
  EXPECT_THAT(error_of(OpKind::kPad, RangeAttributes{{0, -1}, {0, 0}}, {x}),
              HasSubstr("axis 1 is padded by -1 and 0"));
}

TEST_F(ShapeOpsTest, CastGivesTheAskedDtype) {
  const ValueId x = input({4, 6}, DType::kUInt8);
  const ValueId y = builder.apply(OpKind::kCast, CastAttributes{DType::kFloat32}, {x}, "cast");
  EXPECT_EQ(builder.dtype(y), DType::kFloat32);
  EXPECT_EQ(gradient(y, x), kNoValue);
  const ValueId wide = input({4, 6}, DType::kFloat64);
  const ValueId narrow =
      builder.apply(OpKind::kCast, CastAttributes{DType::kFloat32}, {wide}, "cast");
  EXPECT_EQ(builder.dtype(gradient(narrow, wide)), DType::kFloat64);
  EXPECT_THAT(error_of(OpKind::kCast, CastAttributes{DType::kString}, {x}),
              HasSubstr("numbers are not cast to strings"));
}

}  // namespace
}  // namespace tenon::ops
