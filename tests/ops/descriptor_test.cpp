#include "ops/descriptor.hpp"

#include <set>

#include "ops/program_test.hpp"

namespace tenon::ops {
namespace {

TEST(Descriptor, EveryOpHasOneAtItsPlace) {
  ASSERT_EQ(all_descriptors().size(), static_cast<std::size_t>(kOpCount));
  for (int i = 0; i < kOpCount; ++i) {
    const Descriptor& facts = all_descriptors()[static_cast<std::size_t>(i)];
    EXPECT_EQ(static_cast<int>(facts.kind), i);
    EXPECT_EQ(&descriptor(facts.kind), &facts);
    EXPECT_NE(facts.infer, nullptr) << facts.name;
    EXPECT_FALSE(facts.inputs.empty()) << facts.name;
  }
}

TEST(Descriptor, NamesAreDistinctAndInSnakeCase) {
  std::set<std::string_view> names;
  for (const Descriptor& facts : all_descriptors()) {
    EXPECT_TRUE(names.insert(facts.name).second) << facts.name;
    EXPECT_EQ(facts.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789"),
              std::string_view::npos)
        << facts.name;
  }
  EXPECT_EQ(name_of(OpKind::kConvolutionBackwardData), "convolution_backward_data");
  EXPECT_EQ(name_of(OpKind::kCount), "(no op)");
}

TEST(Descriptor, OnlyTheLastPortIsVariadic) {
  for (const Descriptor& facts : all_descriptors()) {
    for (const auto* ports : {&facts.inputs, &facts.outputs}) {
      for (std::size_t i = 0; i + 1 < ports->size(); ++i) {
        EXPECT_FALSE((*ports)[i].variadic) << facts.name;
      }
    }
  }
}

TEST(Descriptor, AnOpWithoutAGradientIsABackwardOpOrAnUpdate) {
  for (const Descriptor& facts : all_descriptors()) {
    const bool backward = facts.name.find("_backward") != std::string_view::npos;
    const bool update =
        facts.name.find("_update") != std::string_view::npos || facts.name.find("clip_") == 0;
    if (facts.gradient == nullptr) {
      EXPECT_TRUE(backward || update) << facts.name;
    } else {
      // The one backward op with a gradient is the forward of a transposed convolution.
      EXPECT_TRUE(!backward || facts.kind == OpKind::kConvolutionBackwardData) << facts.name;
    }
  }
}

TEST(Descriptor, UpdatesAndOnlyTheyWriteVariables) {
  for (const Descriptor& facts : all_descriptors()) {
    const bool writes = std::any_of(facts.inputs.begin(), facts.inputs.end(),
                                    [](const Port& port) { return port.written; });
    EXPECT_EQ(writes, facts.name.find("_update") != std::string_view::npos) << facts.name;
    EXPECT_TRUE(!writes || facts.outputs.empty()) << facts.name;
  }
}

TEST(Descriptor, EveryActivationAndLossHasAName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ActivationKind::kLogSigmoid); ++i) {
    EXPECT_TRUE(names.insert(name_of(static_cast<ActivationKind>(i))).second);
  }
  for (int i = 0; i <= static_cast<int>(LossKind::kMeanAbsoluteError); ++i) {
    EXPECT_TRUE(names.insert(name_of(static_cast<LossKind>(i))).second);
  }
  EXPECT_FALSE(names.contains("(no activation)"));
  EXPECT_FALSE(names.contains("(no loss)"));
}

using DescriptorTest = ProgramTest;

TEST_F(DescriptorTest, ErrorsNameNodeOpAndAllShapes) {
  const ValueId x = input({8, 5});
  const ValueId kernel = variable("head/kernel", {4, 3});
  EXPECT_EQ(error_of(OpKind::kDense, {}, {x, kernel}),
            "S002: layer (dense): the inputs I of x and kernel do not fit, 5 and 4; "
            "x is f32 (8, 5) (input 0), kernel is f32 (4, 3) (head/kernel)");
}

TEST_F(DescriptorTest, ArityAndConnectionsAreChecked) {
  const ValueId x = input({8, 5});
  EXPECT_THAT(error_of(OpKind::kDense, {}, {x}),
              ::testing::HasSubstr("A001: layer (dense): kernel is not connected"));
  EXPECT_THAT(error_of(OpKind::kDense, {}, {x, x, x, x}),
              ::testing::HasSubstr("4 inputs came, the op has 3"));
  EXPECT_THAT(error_of(OpKind::kAddN, {}, {}), ::testing::HasSubstr("x is not connected"));
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {x, 99}),
              ::testing::HasSubstr("b is value 99, which does not exist"));
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {x, -2}), ::testing::HasSubstr("does not exist"));
  EXPECT_THAT(error_of(OpKind::kActivation, {}, {x}),
              ::testing::HasSubstr("the attributes are those of another op"));
}

TEST_F(DescriptorTest, OnlyOptionalOutputsMayBeLeftOut) {
  const ValueId x = input({8, 5});
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {x, x}, {false}),
              ::testing::HasSubstr("output y is not optional"));
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {x, x}, {true, true}),
              ::testing::HasSubstr("wanted_outputs has 2 entries, there are 1 outputs"));
}

TEST_F(DescriptorTest, OpaqueValuesGoOnlyToTheBackwardTwin) {
  const ValueId x = input({8, 5});
  const auto made = builder.append(OpKind::kDropout, DropoutAttributes{}, {x}, "drop");
  EXPECT_TRUE(program.value(made[1]).opaque);
  EXPECT_EQ(program.value(made[1]).shape, (Shape{0}));
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {x, made[1]}),
              ::testing::HasSubstr("b cannot read an opaque value"));
  EXPECT_THAT(error_of(OpKind::kDropoutBackward, DropoutAttributes{}, {x, x}),
              ::testing::HasSubstr("mask must be the opaque output"));
}

TEST_F(DescriptorTest, DtypesMustBeOneAndFloating) {
  const ValueId x = input({8, 5});
  const ValueId wide = input({8, 5}, DType::kFloat64);
  const ValueId whole = input({8, 5}, DType::kInt32);
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {x, wide}),
              ::testing::HasSubstr("different dtypes, float32 and float64; cast one"));
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {whole, whole}),
              ::testing::HasSubstr("int32, expected a floating dtype"));
  EXPECT_EQ(error_of(OpKind::kAdd, {}, {wide, wide}), "");
  EXPECT_EQ(program.value(program.nodes.back().outputs[0]).dtype, DType::kFloat64);
}

TEST_F(DescriptorTest, AShapeTooLargeToCountIsRefused) {
  const std::int64_t large = std::int64_t{1} << 31;
  const ValueId a = input({large, large, 1});
  const ValueId b = input({1, 1, large});
  EXPECT_THAT(error_of(OpKind::kAdd, {}, {a, b}), ::testing::HasSubstr("impossible shape"));
}

TEST_F(DescriptorTest, OperationsAreOnePerElementUnlessTheOpKnowsBetter) {
  const ValueId x = input({8, 5});
  builder.apply(OpKind::kAdd, {}, {x, x}, "sum");
  EXPECT_EQ(operations(), 40.0);
  builder.apply(OpKind::kReshape, ShapeAttributes{{40}}, {x}, "flat");
  EXPECT_EQ(operations(), 0.0);
}

}  // namespace
}  // namespace tenon::ops
