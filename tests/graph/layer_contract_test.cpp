// Walks the registry: what every layer must hold. A layer without a case fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "graph/config.hpp"
#include "graph/layer_cases.hpp"
#include "graph/lower.hpp"
#include "ops/descriptor.hpp"
#include "tenon/error.hpp"
#include "tenon/layers.hpp"

namespace tenon {
namespace {

std::vector<SymbolicTensor> inputs_of(const LayerCase& layer_case) {
  std::vector<SymbolicTensor> inputs;
  for (const Shape& shape : layer_case.inputs) {
    inputs.push_back(Input(std::vector<Dim>(shape.begin(), shape.end()),
                           {.name = "in" + std::to_string(inputs.size())}));
  }
  return inputs;
}

Model model_of(const LayerCase& layer_case, const Layer& layer) {
  const std::vector<SymbolicTensor> inputs = inputs_of(layer_case);
  const SymbolicTensor output = inputs.size() == 1 ? layer(inputs.front()) : layer(inputs);
  return {inputs, output};
}

struct Lowered {
  ops::Program program;
  graph::LoweredModel model;
};

Lowered lower_case(const Model& model, const LayerCase& layer_case, std::int64_t batch,
                   bool training) {
  Lowered lowered;
  ops::Builder builder(lowered.program);
  std::vector<Shape> shapes;
  for (const Shape& shape : layer_case.inputs) shapes.push_back(shape.with_batch(batch));
  lowered.model =
      graph::lower(model, builder, shapes, std::vector<DType>(shapes.size(), DType::kFloat32),
                   {.training = training});
  ops::validate(lowered.program);
  return lowered;
}

Shape with_batch(const TensorSpec& spec, std::int64_t batch) {
  std::vector<std::int64_t> dims;
  for (const Dim& dim : spec.shape) dims.push_back(dim.known() ? dim.size() : batch);
  return Shape(dims);
}

class LayerContract : public testing::TestWithParam<LayerCase> {};

TEST_P(LayerContract, ConfigGoesRound) {
  const Layer layer = GetParam().make();
  const graph::Json config = graph::layer_config(*layer.object());
  EXPECT_EQ(config["name"], layer.name());
  const auto read =
      graph::layer_from_config({{"class_name", layer.class_name()}, {"config", config}});
  EXPECT_EQ(graph::layer_config(*read).dump(), config.dump());
  EXPECT_EQ(read->trainable(), layer.trainable());
  for (const graph::Argument& argument : layer.object()->descriptor().arguments) {
    if (!argument.member) continue;
    EXPECT_TRUE(graph::equal_values(argument.member(read->settings()),
                                    argument.member(layer.object()->settings())))
        << argument.name;
  }
}

TEST_P(LayerContract, ShapeRuleIsTheProgramsShape) {
  const Model model = model_of(GetParam(), GetParam().make());
  for (const std::int64_t batch : {1, 7}) {
    for (const bool training : {false, true}) {
      const Lowered lowered = lower_case(model, GetParam(), batch, training);
      const ops::Value& output = lowered.program.value(lowered.model.outputs.front());
      EXPECT_EQ(output.shape, with_batch(model.outputs().front().spec, batch));
      EXPECT_EQ(output.dtype, model.outputs().front().spec.dtype);
    }
  }
}

// A setting that the table of arguments forgets is lost on the way.
TEST_P(LayerContract, WhatIsReadIsTheSameLayer) {
  const Layer layer = GetParam().make();
  const Model model = model_of(GetParam(), layer);
  const Layer read(graph::layer_from_config(
      {{"class_name", layer.class_name()}, {"config", graph::layer_config(*layer.object())}}));
  const Model read_model = model_of(GetParam(), read);
  for (const bool training : {false, true}) {
    const ops::Program wanted = lower_case(model, GetParam(), 2, training).program;
    const ops::Program got = lower_case(read_model, GetParam(), 2, training).program;
    EXPECT_EQ(ops::to_string(got), ops::to_string(wanted));
  }
  for (std::size_t i = 0; i < layer.weights().size(); ++i) {
    EXPECT_EQ(read.weights()[i]->initializer(), layer.weights()[i]->initializer());
    EXPECT_EQ(read.weights()[i]->regularizer(), layer.weights()[i]->regularizer());
  }
}

TEST_P(LayerContract, WeightsAreKerass) {
  const Layer layer = GetParam().make();
  const Model model = model_of(GetParam(), layer);
  std::vector<std::string> names;
  bool trainable_before = true;
  for (const auto& weight : layer.weights()) {
    names.push_back(weight->name());
    EXPECT_EQ(weight->layer(), layer.name());
    EXPECT_TRUE(trainable_before || !weight->trainable()) << "trainable ones come first";
    trainable_before = weight->trainable();
  }
  EXPECT_EQ(names, GetParam().weights);
  const Lowered lowered = lower_case(model, GetParam(), 2, true);
  ASSERT_EQ(lowered.model.variables.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ops::Value& value = lowered.program.value(lowered.model.variables[i]);
    EXPECT_EQ(value.slot, static_cast<std::int32_t>(i));
    EXPECT_EQ(value.shape, layer.weights()[i]->shape());
    EXPECT_EQ(value.name, layer.name() + "/" + names[i]);
    EXPECT_EQ(lowered.model.trainable[i], layer.trainable() && layer.weights()[i]->trainable());
  }
}

TEST_P(LayerContract, GradientsReachInputsAndTrainableWeights) {
  const Model model = model_of(GetParam(), GetParam().make());
  Lowered lowered = lower_case(model, GetParam(), 3, true);
  ops::Builder builder(lowered.program);
  const ops::ValueId output = lowered.model.outputs.front();
  const ops::ValueId sum =
      builder.apply(ops::OpKind::kReduceSum, ops::ShapeAttributes{Shape{}}, {output}, "sum");
  std::vector<ops::ValueId> targets = lowered.model.inputs;
  for (std::size_t i = 0; i < lowered.model.variables.size(); ++i) {
    if (lowered.model.trainable[i]) targets.push_back(lowered.model.variables[i]);
  }
  const auto gradients = ops::append_gradients(lowered.program, sum, targets);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    ASSERT_NE(gradients[i], ops::kNoValue) << lowered.program.value(targets[i]).name;
    EXPECT_EQ(lowered.program.value(gradients[i]).shape, lowered.program.value(targets[i]).shape);
  }
  ops::validate(lowered.program);
}

TEST_P(LayerContract, UnknownArgumentsAreRefusedByName) {
  const Layer layer = GetParam().make();
  graph::Json config = graph::layer_config(*layer.object());
  config["no_such_argument"] = 1;
  try {
    graph::layer_from_config({{"class_name", layer.class_name()}, {"config", config}});
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find("it has no argument \"no_such_argument\""),
              std::string::npos)
        << error.what();
  }
}

std::string case_name(const testing::TestParamInfo<LayerCase>& info) {
  return info.param.class_name + "_" + std::to_string(info.index);
}
INSTANTIATE_TEST_SUITE_P(All, LayerContract, testing::ValuesIn(layer_cases()), case_name);

TEST(LayerRegistry, EveryLayerHasACase) {
  std::set<std::string> covered = {"InputLayer"};  // is in every case
  for (const LayerCase& layer_case : layer_cases()) covered.insert(layer_case.class_name);
  std::set<std::string> known;
  for (const graph::LayerDescriptor& descriptor : graph::layer_descriptors()) {
    EXPECT_TRUE(known.insert(descriptor.class_name).second) << descriptor.class_name;
    EXPECT_TRUE(descriptor.output && descriptor.lower) << descriptor.class_name;
    EXPECT_FALSE(descriptor.description.empty()) << descriptor.class_name;
  }
  EXPECT_EQ(covered, known);
}

}  // namespace
}  // namespace tenon
