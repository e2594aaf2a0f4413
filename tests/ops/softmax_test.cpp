#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using SoftmaxTest = ProgramTest;

TEST_F(SoftmaxTest, ShapesAndAxis) {
  const ValueId x = input({8, 3});
  for (const OpKind kind : {OpKind::kSoftmax, OpKind::kLogSoftmax}) {
    EXPECT_EQ(builder.shape(builder.apply(kind, AxisAttributes{}, {x}, "y")), (Shape{8, 3}));
    EXPECT_THAT(error_of(kind, AxisAttributes{2}, {x}), HasSubstr("axis 2 does not exist"));
    EXPECT_THAT(error_of(kind, AxisAttributes{-3}, {x}), HasSubstr("axis -3 does not exist"));
  }
  EXPECT_THAT(error_of(OpKind::kSoftmaxBackward, AxisAttributes{}, {x, input({8, 4})}),
              HasSubstr("dy has the shape (8, 4), expected (8, 3)"));
}

TEST_F(SoftmaxTest, GradientsReadTheResultAndKeepTheAxis) {
  const ValueId x = input({8, 3});
  const ValueId y = builder.apply(OpKind::kSoftmax, AxisAttributes{0}, {x}, "y");
  gradient(y, x);
  EXPECT_EQ(node_of(OpKind::kSoftmaxBackward).inputs[0], y);
  EXPECT_EQ(std::get<AxisAttributes>(node_of(OpKind::kSoftmaxBackward).attributes).axis, 0);
  const ValueId log = builder.apply(OpKind::kLogSoftmax, AxisAttributes{}, {x}, "log");
  gradient(log, x);
  EXPECT_EQ(node_of(OpKind::kLogSoftmaxBackward).inputs[0], log);
  validate(program);
}

}  // namespace
}  // namespace tenon::ops
