#include "graph/lower.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/throws.hpp"
#include "ops/descriptor.hpp"
#include "tenon/layers.hpp"

namespace tenon {
namespace {

struct Lowered {
  ops::Program program;
  graph::LoweredModel model;

  std::vector<const ops::Node*> nodes(ops::OpKind kind) const {
    std::vector<const ops::Node*> found;
    for (const ops::Node& node : program.nodes) {
      if (node.kind == kind) found.push_back(&node);
    }
    return found;
  }
};

Lowered lower_model(const Model& model, std::vector<Shape> shapes, bool training,
                    DType dtype = DType::kFloat32) {
  Lowered lowered;
  ops::Builder builder(lowered.program);
  lowered.model = graph::lower(model, builder, shapes, std::vector<DType>(shapes.size(), dtype),
                               {.training = training});
  ops::validate(lowered.program);
  return lowered;
}

TEST(Lower, PadsSameAsKeras) {
  const SymbolicTensor image = Input({8, 7, 2}, {.name = "x"});
  const Model model(image, Conv2D(3, 3, {.strides = 2, .padding = "same"})(image));
  const Lowered lowered = lower_model(model, {{2, 8, 7, 2}}, false);
  const auto& attributes = std::get<ops::ConvolutionAttributes>(
      lowered.nodes(ops::OpKind::kConvolution).at(0)->attributes);
  EXPECT_EQ(attributes.pad_before, (ops::PerAxis{0, 1}));
  EXPECT_EQ(attributes.pad_after, (ops::PerAxis{1, 1}));
}

TEST(Lower, NamesInputsAndCastsThem) {
  const SymbolicTensor image = Input({4}, {.name = "Small"});
  const Model model(image, Dense(3)(image));
  const Lowered lowered = lower_model(model, {{2, 4}}, false, DType::kUInt8);
  ASSERT_EQ(lowered.program.inputs.size(), 1U);
  EXPECT_EQ(lowered.program.inputs[0].name, "Small");
  EXPECT_EQ(lowered.program.value(lowered.model.inputs[0]).dtype, DType::kUInt8);
  EXPECT_EQ(lowered.nodes(ops::OpKind::kCast).size(), 1U);
  EXPECT_TRUE(lower_model(model, {{2, 4}}, false).nodes(ops::OpKind::kCast).empty());
}

Model normalized(bool trainable) {
  const SymbolicTensor input = Input({4}, {.name = "x"});
  return {input, BatchNormalization({.name = "bn", .trainable = trainable})(input)};
}

TEST(Lower, BatchNormalizationFollowsTrainingAndTrainable) {
  using enum ops::OpKind;
  const Lowered training = lower_model(normalized(true), {{2, 4}}, true);
  EXPECT_EQ(training.nodes(kBatchNormalizationTraining).size(), 1U);
  EXPECT_EQ(training.nodes(kMovingAverageUpdate).size(), 2U);
  EXPECT_EQ(training.model.trainable, (std::vector<bool>{true, true, false, false}));
  for (const Lowered& lowered : {lower_model(normalized(true), {{2, 4}}, false),
                                 lower_model(normalized(false), {{2, 4}}, true)}) {
    EXPECT_EQ(lowered.nodes(kBatchNormalizationInference).size(), 1U);
    EXPECT_TRUE(lowered.nodes(kMovingAverageUpdate).empty());
  }
}

TEST(Lower, EachDropoutHasItsOwnStream) {
  const SymbolicTensor input = Input({4}, {.name = "x"});
  const Model model(input, Dropout(0.5)(Dropout(0.0)(Dropout(0.5, {.seed = 3})(input))));
  const Lowered lowered = lower_model(model, {{2, 4}}, true);
  const auto dropouts = lowered.nodes(ops::OpKind::kDropout);
  ASSERT_EQ(dropouts.size(), 2U);
  const auto& first = std::get<ops::DropoutAttributes>(dropouts[0]->attributes);
  const auto& second = std::get<ops::DropoutAttributes>(dropouts[1]->attributes);
  EXPECT_EQ(first.seed, 3U);
  EXPECT_NE(first.stream, second.stream);
  const Lowered inference = lower_model(model, {{2, 4}}, false);
  EXPECT_TRUE(inference.program.nodes.empty());
  EXPECT_EQ(inference.model.outputs, inference.model.inputs);
}

TEST(Lower, PenaltiesAreOfTrainableWeightsInTraining) {
  const SymbolicTensor input = Input({4}, {.name = "x"});
  const SymbolicTensor hidden = Dense(3, {.kernel_regularizer = {0.5, 0.25}, .name = "a"})(input);
  const Model model(
      input, Dense(2, {.kernel_regularizer = "l2", .name = "b", .trainable = false})(hidden));
  const Lowered lowered = lower_model(model, {{2, 4}}, true);
  ASSERT_EQ(lowered.model.penalties.size(), 1U);
  const ops::Node& node = *lowered.nodes(ops::OpKind::kL1L2Penalty).at(0);
  EXPECT_EQ(node.name, "a/kernel");
  EXPECT_EQ(std::get<ops::PenaltyAttributes>(node.attributes).l2, 0.25);
  EXPECT_EQ(lowered.program.value(lowered.model.penalties[0]).shape, Shape{});
  EXPECT_TRUE(lower_model(model, {{2, 4}}, false).model.penalties.empty());
}

TEST(Lower, SharedLayersAndNestedModelsShareVariables) {
  const SymbolicTensor x = Input({4}, {.name = "x"});
  const Model inner(x, Dense(4, {.name = "shared"})(x), {.name = "inner"});
  const SymbolicTensor a = Input({4}, {.name = "a"});
  const SymbolicTensor b = Input({4}, {.name = "b"});
  const Model outer({a, b}, Add({.name = "sum"})({inner(inner(a)), inner(b)}));
  const Lowered lowered = lower_model(outer, {{3, 4}, {3, 4}}, true);
  EXPECT_EQ(lowered.model.variables.size(), 2U);
  const auto products = lowered.nodes(ops::OpKind::kDense);
  ASSERT_EQ(products.size(), 3U);
  for (const ops::Node* node : products) {
    EXPECT_EQ(node->inputs[1], lowered.model.variables[0]);
    EXPECT_EQ(node->name, "shared");
  }
}

TEST(Lower, RefusesOtherShapesByName) {
  const SymbolicTensor image = Input({4}, {.name = "Small"});
  const Model model(image, Dense(3)(image));
  const std::string text = text_thrown<ShapeError>([&] {
    return lower_model(model, {{2, 5}}, false);
  });
  EXPECT_NE(text.find("error[S002]: model input \"Small\" is given (2, 5)\n  expected: (B, 4)"),
            std::string::npos)
      << text;
}

TEST(Lower, UnknownSizesAreThoseOfTheData) {
  const SymbolicTensor image = Input({Dim::unknown(), Dim::unknown(), 3}, {.name = "x"});
  const Model model(image, GlobalAveragePooling2D()(Conv2D(4, 3)(image)));
  const Lowered lowered = lower_model(model, {{2, 9, 5, 3}}, false);
  EXPECT_EQ(lowered.program.value(lowered.model.outputs[0]).shape, (Shape{2, 4}));
  EXPECT_THROW(lower_model(model, {{2, 2, 2, 3}}, false), ShapeError);
}

}  // namespace
}  // namespace tenon
