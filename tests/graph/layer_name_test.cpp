#include "graph/layer_name.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon {
namespace {

TEST(LayerName, SnakeCaseIsKerass) {
  for (const auto& [class_name, snake] : {std::pair{"Conv2D", "conv2d"},
                                          {"MaxPooling2D", "max_pooling2d"},
                                          {"InputLayer", "input_layer"},
                                          {"GlobalAveragePooling2D", "global_average_pooling2d"},
                                          {"ReLU", "re_lu"},
                                          {"LeakyReLU", "leaky_re_lu"},
                                          {"ELU", "elu"},
                                          {"DepthwiseConv2D", "depthwise_conv2d"},
                                          {"UpSampling2D", "up_sampling2d"},
                                          {"BatchNormalization", "batch_normalization"},
                                          {"Functional", "functional"}}) {
    EXPECT_EQ(graph::snake_case(class_name), snake);
  }
}

/// The outermost layer of an expression is made first, in Python as here.
Model two_dense(const std::string& second = "") {
  const SymbolicTensor input = Input({4});
  const Dense first(3);
  return {input, Dense(2, {.name = second})(Dense(3)(first(input)))};
}

std::vector<std::string> names_of(const Model& model) {
  std::vector<std::string> names;
  for (const Layer& layer : model.layers()) names.push_back(layer.name());
  return names;
}

TEST(LayerName, DoesNotDependOnWhatWasBuiltBefore) {
  const std::vector<std::string> expected = {"input_layer", "dense", "dense_2", "dense_1"};
  EXPECT_EQ(names_of(two_dense()), expected);
  EXPECT_EQ(names_of(two_dense()), expected);
}

TEST(LayerName, GoesAroundTheUsersOwn) {
  const std::vector<std::string> expected = {"input_layer", "dense", "dense_2", "dense_1"};
  EXPECT_EQ(names_of(two_dense("dense_1")), expected);
}

TEST(LayerName, OfWeightsFollows) { EXPECT_EQ(two_dense().weights()[2]->path(), "dense_2/kernel"); }

TEST(LayerName, StaysInASecondModel) {
  const SymbolicTensor input = Input({4});
  const SymbolicTensor features = Dense(3)(input);
  const Model whole(input, Dense(2)(features));
  const Model part(input, features);
  EXPECT_EQ(names_of(part), (std::vector<std::string>{"input_layer", "dense"}));
}

TEST(LayerName, OfWeightsInNestedModelsIsToldApart) {
  const Model inner = two_dense();
  const SymbolicTensor input = Input({4});
  const Model outer(input, Dense(1)(inner(input)));
  std::vector<std::string> paths;
  for (const auto& weight : outer.weights()) paths.push_back(weight->path());
  EXPECT_EQ(paths.front(), "functional/dense/kernel");
  EXPECT_EQ(paths.back(), "dense/bias");
  EXPECT_EQ(inner.get_layer("dense").name(), "dense");
}

}  // namespace
}  // namespace tenon
