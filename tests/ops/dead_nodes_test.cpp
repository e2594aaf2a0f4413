#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using DeadNodesTest = ProgramTest;

TEST_F(DeadNodesTest, NodesThatNobodyReadsGoAndTheOrderStays) {
  const ValueId x = input({8, 3});
  const ValueId a = builder.apply(OpKind::kAdd, {}, {x, x}, "a");
  const ValueId dead = builder.apply(OpKind::kAdd, {}, {a, x}, "dead");
  builder.apply(OpKind::kAdd, {}, {dead, x}, "dead too");
  const ValueId b = builder.apply(OpKind::kMultiply, {}, {a, x}, "b");
  builder.output("y", b);
  remove_dead_nodes(program);
  ASSERT_EQ(program.nodes.size(), 2U);
  EXPECT_EQ(program.nodes[0].name, "a");
  EXPECT_EQ(program.nodes[1].name, "b");
  EXPECT_EQ(program.outputs[0].value, b);
  validate(program);
}

TEST_F(DeadNodesTest, NodesThatWriteVariablesStayWithAllTheyNeed) {
  const ValueId w = variable("w", {3});
  const ValueId g = builder.apply(OpKind::kAdd, {}, {w, input({3})}, "g");
  builder.append(OpKind::kSgdUpdate, OptimizerAttributes{}, {w, g}, "update");
  remove_dead_nodes(program);
  EXPECT_EQ(program.nodes.size(), 2U);
}

TEST_F(DeadNodesTest, OptionalOutputsThatNobodyReadsAreTakenAway) {
  const ValueId x = input({2, 8, 8, 3});
  const auto pooled = builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {x}, "pool");
  const auto dropped = builder.append(OpKind::kDropout, DropoutAttributes{}, {pooled[0]}, "drop");
  builder.output("y", dropped[0]);
  remove_dead_nodes(program);
  ASSERT_EQ(program.nodes.size(), 2U);
  EXPECT_EQ(program.nodes[0].outputs[1], kNoValue);
  EXPECT_EQ(program.nodes[1].outputs[1], dropped[1]) << "the mask is not optional";
  validate(program);
}

TEST_F(DeadNodesTest, AnOptionalOutputThatIsReadStays) {
  const ValueId x = input({2, 8, 8, 3});
  const auto pooled = builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {x}, "pool");
  builder.output("dx", gradient(pooled[0], x));
  remove_dead_nodes(program);
  EXPECT_EQ(program.nodes[0].outputs[1], pooled[1]);
  EXPECT_EQ(count(OpKind::kReduceSum), 0) << "the loss itself is not read";
  validate(program);
}

}  // namespace
}  // namespace tenon::ops
