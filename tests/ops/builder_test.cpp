#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

using ::testing::HasSubstr;
using BuilderTest = ProgramTest;

TEST_F(BuilderTest, InputsAreNumberedAndTheirNamesAreUnique) {
  const ValueId small = builder.input("Small", DType::kFloat32, {8, 32, 32, 3});
  const ValueId large = builder.input("Large", DType::kUInt8, {8, 64, 64, 3});
  EXPECT_EQ(program.value(small).slot, 0);
  EXPECT_EQ(program.value(large).slot, 1);
  EXPECT_EQ(program.value(large).dtype, DType::kUInt8);
  EXPECT_EQ(program.inputs[1].name, "Large");
  EXPECT_EQ(program.inputs[1].value, large);
  EXPECT_EQ(model_error_of([&] {
              builder.input("Small", DType::kFloat32, {8, 1});
            }),
            "M001: the program has two inputs named \"Small\"");
}

TEST_F(BuilderTest, AVariableAskedForTwiceIsOneValue) {
  const ValueId first = builder.variable(3, "kernel", {2, 2});
  EXPECT_EQ(builder.variable(3, "kernel", {2, 2}), first);
  EXPECT_NE(builder.variable(4, "other", {2, 2}), first);
  EXPECT_THAT(model_error_of([&] {
                builder.variable(3, "kernel", {2, 5});
              }),
              HasSubstr("variable 3 (kernel) is f32 (2, 2) at one place and f32 (2, 5)"));
}

TEST_F(BuilderTest, ConstantsKeepValueShapeAndDtype) {
  const ValueId id = builder.constant(0.5F, {2, 3}, DType::kFloat64);
  EXPECT_EQ(program.value(id).constant, 0.5F);
  EXPECT_EQ(program.value(id).kind, ValueKind::kConstant);
  EXPECT_EQ(program.value(id).dtype, DType::kFloat64);
  EXPECT_THROW(builder.constant(1.0F, {2, 0}), ShapeError);
}

TEST_F(BuilderTest, InputsFollowThePortsOneToOne) {
  const ValueId x = input({8, 5});
  builder.apply(OpKind::kDense, {}, {x, variable("kernel", {5, 2})}, "head");
  EXPECT_EQ(program.nodes.back().inputs.size(), 3U);
  EXPECT_EQ(program.nodes.back().inputs[2], kNoValue);
}

TEST_F(BuilderTest, OutputsAreNamedAfterTheNodeAndThePort) {
  const ValueId x = input({8, 5});
  const auto made =
      builder.append(OpKind::kBatchNormalizationTraining, NormalizationAttributes{}, {x}, "bn");
  EXPECT_EQ(program.value(made[0]).name, "bn");
  EXPECT_EQ(program.value(made[2]).name, "bn/variance");
}

TEST_F(BuilderTest, UnwantedOutputsAreNoValues) {
  const ValueId x = input({2, 8, 8, 3});
  const auto made =
      builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {x}, "pool", {true, false});
  EXPECT_EQ(made[1], kNoValue);
  EXPECT_EQ(program.nodes.back().outputs[1], kNoValue);
  EXPECT_NE(builder.append(OpKind::kMaxPooling, PoolingAttributes{}, {x}, "pool")[1], kNoValue);
}

TEST_F(BuilderTest, AFailedAppendLeavesTheProgramAsItWas) {
  const ValueId x = input({8, 5});
  const std::size_t values = program.values.size();
  EXPECT_NE(error_of(OpKind::kDense, {}, {x, x}), "");
  EXPECT_EQ(program.values.size(), values);
  EXPECT_TRUE(program.nodes.empty());
}

TEST_F(BuilderTest, OutputsAreNamedOnceAndExist) {
  const ValueId x = input({8, 5});
  builder.output("cell", x);
  EXPECT_THAT(model_error_of([&] { builder.output("cell", x); }), HasSubstr("two outputs"));
  EXPECT_THAT(model_error_of([&] { builder.output("loss", 12); }),
              HasSubstr("output \"loss\" is value 12, which does not exist"));
}

}  // namespace
}  // namespace tenon::ops
