#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;

class OptimizersTest : public ProgramTest {
 protected:
  ValueId slot(const std::string& name) { return variable(name, {5, 3}); }

  const OptimizerAttributes plain;
  const ValueId w = slot("w");
  const ValueId g = input({5, 3});
};

TEST_F(OptimizersTest, UpdatesHaveNoOutputs) {
  EXPECT_TRUE(builder.append(OpKind::kSgdUpdate, plain, {w, g}, "w").empty());
  EXPECT_EQ(builder.apply(OpKind::kAdamUpdate, plain, {w, g, slot("m"), slot("v")}, "w"), kNoValue);
  builder.append(OpKind::kRmspropUpdate, plain, {w, g, slot("velocity")}, "w");
  EXPECT_EQ(program.nodes.back().inputs.size(), 5U);
  EXPECT_GT(operations(), 0.0);
  validate(program);
}

TEST_F(OptimizersTest, SlotsFollowTheAttributes) {
  const ValueId m = slot("m");
  const ValueId v = slot("v");
  EXPECT_THAT(error_of(OpKind::kSgdUpdate, OptimizerAttributes{.momentum = 0.9}, {w, g}),
              HasSubstr("the slot momentum is missing, but momentum is on"));
  EXPECT_THAT(error_of(OpKind::kSgdUpdate, plain, {w, g, m}),
              HasSubstr("the slot momentum is connected, but momentum is off"));
  EXPECT_THAT(error_of(OpKind::kAdamUpdate, OptimizerAttributes{.amsgrad = true}, {w, g, m, v}),
              HasSubstr("the slot vhat is missing, but amsgrad is on"));
  EXPECT_EQ(error_of(OpKind::kRmspropUpdate, OptimizerAttributes{.centered = true},
                     {w, g, v, kNoValue, m}),
            "");
  EXPECT_THAT(error_of(OpKind::kRmspropUpdate, plain, {w, g, v, m}),
              HasSubstr("the slot momentum is connected"));
}

TEST_F(OptimizersTest, WeightsAreVariablesOfTheGradientsShape) {
  EXPECT_THAT(error_of(OpKind::kSgdUpdate, plain, {g, g}),
              HasSubstr("w is written, so it must be a variable"));
  EXPECT_THAT(error_of(OpKind::kSgdUpdate, plain, {w, input({3, 5})}),
              HasSubstr("g has the shape (3, 5), expected (5, 3)"));
  EXPECT_THAT(error_of(OpKind::kAdamUpdate, plain, {w, g, slot("m"), variable("short", {5})}),
              HasSubstr("v has the shape (5,), expected (5, 3)"));
}

TEST_F(OptimizersTest, ClippingKeepsShapes) {
  const ValueId other = input({7});
  const ClipAttributes limit{1.0};
  for (const OpKind kind : {OpKind::kClipByValue, OpKind::kClipByNorm}) {
    EXPECT_EQ(builder.shape(builder.apply(kind, limit, {other}, "clip")), (Shape{7}));
    EXPECT_THAT(error_of(kind, ClipAttributes{}, {other}),
                HasSubstr("the limit is 0, expected more than 0"));
  }
  const auto made = builder.append(OpKind::kClipByGlobalNorm, limit, {g, other, g}, "clip");
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(builder.shape(made[1]), (Shape{7}));
  EXPECT_EQ(program.value(made[2]).name, "clip/2");
  validate(program);
}

}  // namespace
}  // namespace tenon::ops
