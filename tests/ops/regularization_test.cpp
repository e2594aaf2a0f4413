#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using RegularizationTest = ProgramTest;

TEST_F(RegularizationTest, DropoutsGradientReadsItsMask) {
  const ValueId x = input({8, 3});
  const DropoutAttributes attributes{.rate = 0.25, .seed = 7, .stream = 2, .noise_shape = {8, 1}};
  const auto made = builder.append(OpKind::kDropout, attributes, {x}, "drop");
  EXPECT_EQ(builder.shape(made[0]), builder.shape(x));
  EXPECT_EQ(builder.shape(gradient(made[0], x)), builder.shape(x));
  const Node& backward = node_of(OpKind::kDropoutBackward);
  EXPECT_EQ(backward.inputs[1], made[1]);
  EXPECT_EQ(std::get<DropoutAttributes>(backward.attributes).rate, 0.25);
  validate(program);
}

TEST_F(RegularizationTest, DropoutsAttributesAreChecked) {
  const ValueId x = input({8, 3});
  EXPECT_THAT(error_of(OpKind::kDropout, DropoutAttributes{.rate = 1.0}, {x}),
              HasSubstr("the rate is 1, expected 0 or more and less than 1"));
  EXPECT_THAT(error_of(OpKind::kDropout, DropoutAttributes{.rate = -0.5}, {x}),
              HasSubstr("the rate is -0.5"));
  EXPECT_THAT(error_of(OpKind::kDropout, DropoutAttributes{.noise_shape = {3}}, {x}),
              HasSubstr("noise_shape is (3,)"));
  EXPECT_THAT(error_of(OpKind::kDropout, DropoutAttributes{.noise_shape = {8, 2}}, {x}),
              HasSubstr("noise_shape is (8, 2)"));
}

TEST_F(RegularizationTest, ThePenaltyIsAScalar) {
  const ValueId w = variable("kernel", {5, 3});
  const ValueId penalty =
      builder.apply(OpKind::kL1L2Penalty, PenaltyAttributes{0.1, 0.2}, {w}, "penalty");
  EXPECT_EQ(builder.shape(penalty), Shape{});
  EXPECT_EQ(builder.shape(append_gradients(program, penalty, {w})[0]), (Shape{5, 3}));
  EXPECT_EQ(std::get<PenaltyAttributes>(node_of(OpKind::kL1L2PenaltyBackward).attributes).l2, 0.2);
  EXPECT_THAT(error_of(OpKind::kL1L2PenaltyBackward, PenaltyAttributes{}, {w, w}),
              HasSubstr("dpenalty has the shape (5, 3), expected ()"));
}

}  // namespace
}  // namespace tenon::ops
