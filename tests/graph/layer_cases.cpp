#include "graph/layer_cases.hpp"

#include "tenon/layers.hpp"

namespace tenon {
namespace {

std::vector<LayerCase> weighted_cases() {
  using namespace initializers;  // NOLINT: a table
  return {
      {"Dense",
       [] {
         return Dense(5, {.activation = "tanh",
                          .kernel_initializer = HeNormal(3),
                          .bias_initializer = Constant(0.25),
                          .kernel_regularizer = {0.5, 0.25},
                          .bias_regularizer = regularizers::L1(0.125),
                          .name = "head",
                          .trainable = false});
       },
       {{4}},
       {"kernel", "bias"}},
      {"Dense", [] { return Dense(3, {.use_bias = false}); }, {{2, 6, 4}}, {"kernel"}},
      {"Conv2D",
       [] {
         return Conv2D(6, {3, 2},
                       {.strides = {2, 1},
                        .padding = "same",
                        .groups = 2,
                        .activation = "relu",
                        .kernel_initializer = RandomUniform(-0.5, 0.5, 7),
                        .kernel_regularizer = "l2"});
       },
       {{7, 6, 4}},
       {"kernel", "bias"}},
      {"Conv2D",
       [] {
         return Conv2D(2, 3, {.dilation_rate = 2, .activation = "softmax", .use_bias = false});
       },
       {{9, 8, 3}},
       {"kernel"}},
      {"DepthwiseConv2D",
       [] {
         return DepthwiseConv2D(3, {.strides = 2,
                                    .padding = "same",
                                    .depth_multiplier = 2,
                                    .activation = "elu",
                                    .depthwise_initializer = TruncatedNormal(0.0, 0.5),
                                    .depthwise_regularizer = "l1"});
       },
       {{7, 6, 4}},
       {"kernel", "bias"}},
      {"BatchNormalization",
       [] {
         return BatchNormalization({.momentum = 0.9,
                                    .epsilon = 0.01,
                                    .beta_initializer = Constant(0.5),
                                    .gamma_regularizer = "l2",
                                    .synchronized = true});
       },
       {{4, 3, 2}},
       {"gamma", "beta", "moving_mean", "moving_variance"}},
      {"BatchNormalization",
       [] { return BatchNormalization({.center = false, .scale = false}); },
       {{5}},
       {"moving_mean", "moving_variance"}},
  };
}

std::vector<LayerCase> weighted_volume_cases() {
  using namespace initializers;  // NOLINT: a table
  return {
      {"Conv3D",
       [] {
         return Conv3D(6, {3, 2, 1},
                       {.strides = {1, 2, 1},
                        .padding = "same",
                        .groups = 2,
                        .activation = "relu",
                        .kernel_initializer = HeUniform(5),
                        .kernel_regularizer = "l2"});
       },
       {{4, 5, 3, 4}},
       {"kernel", "bias"}},
      {"Conv3D",
       [] {
         return Conv3D(2, 2, {.dilation_rate = {1, 2, 1}, .use_bias = false});
       },
       {{3, 4, 5, 3}},
       {"kernel"}},
      {"Conv2DTranspose",
       [] {
         return Conv2DTranspose(3, {3, 2},
                                {.strides = {2, 3},
                                 .padding = "same",
                                 .output_padding = {1, 2},
                                 .activation = "tanh",
                                 .bias_initializer = Constant(0.5),
                                 .bias_regularizer = "l1"});
       },
       {{4, 3, 2}},
       {"kernel", "bias"}},
      {"Conv2DTranspose",
       [] { return Conv2DTranspose(2, 3, {.dilation_rate = 2, .use_bias = false}); },
       {{4, 3, 2}},
       {"kernel"}},
      {"Conv3DTranspose",
       [] {
         return Conv3DTranspose(3, {2, 3, 1}, {.strides = {2, 2, 3}, .padding = "same"});
       },
       {{2, 3, 2, 4}},
       {"kernel", "bias"}},
      {"Conv3DTranspose",
       [] { return Conv3DTranspose(1, 2, {.strides = 3, .output_padding = 0}); },
       {{2, 1, 2, 3}},
       {"kernel", "bias"}},
  };
}

std::vector<LayerCase> volume_cases() {
  return {
      {"MaxPooling3D",
       [] {
         return MaxPooling3D({2, 3, 1}, {.strides = {1, 2, 1}, .padding = "same"});
       },
       {{5, 4, 3, 2}}},
      {"MaxPooling3D", [] { return MaxPooling3D(); }, {{5, 4, 3, 2}}},
      {"AveragePooling3D", [] { return AveragePooling3D(2, {.padding = "same"}); }, {{5, 4, 3, 2}}},
      {"GlobalAveragePooling3D",
       [] { return GlobalAveragePooling3D({.keepdims = true}); },
       {{3, 4, 2, 5}}},
      {"GlobalMaxPooling3D", [] { return GlobalMaxPooling3D(); }, {{3, 4, 2, 5}}},
      {"UpSampling3D",
       [] {
         return UpSampling3D({2, 1, 3});
       },
       {{3, 2, 1, 4}}},
      {"ZeroPadding3D",
       [] {
         return ZeroPadding3D({{1, 2}, {0, 3}, {2, 0}});
       },
       {{3, 2, 4, 1}}},
      {"Cropping2D",
       [] {
         return Cropping2D({{1, 0}, {2, 1}});
       },
       {{7, 6, 4}}},
      {"Cropping3D",
       [] {
         return Cropping3D({{1, 0}, {0, 2}, {1, 1}});
       },
       {{3, 4, 4, 2}}},
      {"SpatialDropout2D", [] { return SpatialDropout2D(0.25, {.seed = 3}); }, {{3, 4, 2}}},
      {"SpatialDropout3D", [] { return SpatialDropout3D(0.5); }, {{2, 3, 4, 2}}},
  };
}

std::vector<LayerCase> image_cases() {
  return {
      {"MaxPooling2D",
       [] {
         return MaxPooling2D({2, 3}, {.strides = 1, .padding = "same"});
       },
       {{7, 6, 4}}},
      {"MaxPooling2D", [] { return MaxPooling2D(); }, {{7, 6, 4}}},
      {"AveragePooling2D",
       [] {
         return AveragePooling2D(3, {.strides = {2, 1}});
       },
       {{7, 6, 4}}},
      {"GlobalAveragePooling2D", [] { return GlobalAveragePooling2D(); }, {{7, 6, 4}}},
      {"GlobalMaxPooling2D", [] { return GlobalMaxPooling2D({.keepdims = true}); }, {{7, 6, 4}}},
      {"ZeroPadding2D",
       [] {
         return ZeroPadding2D({{1, 2}, {0, 3}});
       },
       {{7, 6, 4}}},
      {"UpSampling2D",
       [] {
         return UpSampling2D({2, 3}, {.interpolation = "bilinear"});
       },
       {{3, 2, 4}}},
      {"Rescaling",
       [] {
         return Rescaling({0.5, 0.25}, {.offset = {-1.0, 1.0}});
       },
       {{3, 3, 2}}},
      {"Rescaling", [] { return Rescaling(1.0 / 255.0); }, {{3, 3, 2}}},
      {"Flatten", [] { return Flatten(); }, {{3, 2, 4}}},
      {"Reshape",
       [] {
         return Reshape({6, -1});
       },
       {{3, 2, 4}}},
  };
}

std::vector<LayerCase> elementwise_cases() {
  return {
      {"Concatenate", [] { return Concatenate({.axis = 1}); }, {{2, 3}, {4, 3}, {1, 3}}},
      {"Add", [] { return Add(); }, {{2, 3}, {2, 3}, {2, 3}}},
      {"Multiply", [] { return Multiply(); }, {{4, 4, 3}, {1, 1, 3}}},
      {"Dropout",
       [] {
         return Dropout(0.25, {.noise_shape = {-1, 1, 3}, .seed = 11});
       },
       {{2, 3}}},
      {"Dropout", [] { return Dropout(0.0); }, {{2, 3}}},
      {"Activation", [] { return Activation("gelu"); }, {{2, 3}}},
      {"ReLU",
       [] { return ReLU({.max_value = 6.0, .negative_slope = 0.1, .threshold = 0.5}); },
       {{2, 3}}},
      {"LeakyReLU", [] { return LeakyReLU({.negative_slope = 0.2}); }, {{2, 3}}},
      {"ELU", [] { return ELU({.alpha = 0.7}); }, {{2, 3}}},
      {"Softmax", [] { return Softmax({.axis = 1}); }, {{2, 3}}},
  };
}

}  // namespace

std::vector<LayerCase> layer_cases() {
  std::vector<LayerCase> cases = weighted_cases();
  for (LayerCase& each : weighted_volume_cases()) cases.push_back(std::move(each));
  for (LayerCase& each : volume_cases()) cases.push_back(std::move(each));
  for (LayerCase& each : image_cases()) cases.push_back(std::move(each));
  for (LayerCase& each : elementwise_cases()) cases.push_back(std::move(each));
  return cases;
}

}  // namespace tenon
