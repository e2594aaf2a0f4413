#include <string>

#include "op_cases.hpp"

namespace tenon::backend::cases {
namespace {

using ops::ConvolutionAttributes;
using ops::NormalizationAttributes;
using ops::OpKind;
using ops::PoolingAttributes;
using ops::UpSamplingAttributes;

OpCase convolution(const std::string& name, const Shape& x, const Shape& kernel,
                   const ConvolutionAttributes& attributes, bool bias = true) {
  std::vector<InputSpec> inputs = {{.name = "x", .shape = x}, {.name = "kernel", .shape = kernel}};
  if (bias) {
    inputs.push_back({.name = "bias", .shape = {kernel.dim(-1)}});
  }
  return simple_case("convolution/" + name, OpKind::kConvolution, attributes, inputs);
}

/// Backward data as the forward of a transposed convolution.
OpCase transposed_convolution(const std::string& name, const Shape& dy, const Shape& kernel,
                              ConvolutionAttributes attributes, const Shape& dx) {
  attributes.input_shape = dx;
  return simple_case("convolution_backward_data/" + name, OpKind::kConvolutionBackwardData,
                     attributes,
                     {{.name = "dy", .shape = dy}, {.name = "kernel", .shape = kernel}});
}

std::vector<OpCase> convolution_cases() {
  return {
      convolution("valid", {2, 6, 5, 3}, {3, 2, 3, 4}, {}),
      convolution("same", {2, 5, 6, 4}, {3, 3, 4, 8}, {.pad_before = {1, 1}, .pad_after = {1, 1}}),
      convolution("no_bias", {1, 4, 4, 2}, {3, 3, 2, 3}, {}, false),
      convolution("stride_2_same_even", {2, 6, 6, 3}, {3, 3, 3, 4},
                  {.strides = {2, 2}, .pad_before = {0, 0}, .pad_after = {1, 1}}),
      convolution("stride_2_valid_rest", {1, 6, 7, 2}, {3, 3, 2, 5}, {.strides = {2, 2}}),
      convolution("stride_2_1", {1, 7, 5, 3}, {3, 3, 3, 2},
                  {.strides = {2, 1}, .pad_before = {1, 1}, .pad_after = {1, 1}}),
      convolution("dilation_2", {1, 7, 7, 2}, {3, 3, 2, 3}, {.dilation = {2, 2}}),
      convolution("dilation_2_same", {1, 6, 5, 2}, {3, 3, 2, 3},
                  {.dilation = {2, 2}, .pad_before = {2, 2}, .pad_after = {2, 2}}),
      convolution("groups_2", {2, 5, 5, 4}, {3, 3, 2, 6}, {.groups = 2}),
      convolution("depthwise", {2, 5, 5, 4}, {3, 3, 1, 4},
                  {.pad_before = {1, 1}, .pad_after = {1, 1}, .groups = 4}),
      convolution("depthwise_multiplier_2", {1, 5, 4, 3}, {2, 3, 1, 6}, {.groups = 3}),
      convolution("pointwise", {2, 3, 3, 5}, {1, 1, 5, 7}, {}),
      convolution("pointwise_stride_2", {1, 5, 5, 4}, {1, 1, 4, 3}, {.strides = {2, 2}}),
      convolution("one_channel_each", {3, 4, 4, 1}, {3, 3, 1, 1}, {}),
      convolution("whole_image", {2, 4, 3, 3}, {4, 3, 3, 5}, {}),
      convolution("uneven_padding", {1, 4, 5, 2}, {4, 2, 2, 3},
                  {.pad_before = {1, 0}, .pad_after = {2, 1}}),
      convolution("16_channels", {1, 4, 4, 16}, {3, 3, 16, 16},
                  {.pad_before = {1, 1}, .pad_after = {1, 1}}),
      transposed_convolution("stride_1", {2, 4, 3, 5}, {3, 3, 2, 5}, {}, {2, 6, 5, 2}),
      transposed_convolution("stride_2_same", {1, 3, 3, 4}, {3, 3, 2, 4},
                             {.strides = {2, 2}, .pad_before = {0, 0}, .pad_after = {1, 1}},
                             {1, 6, 6, 2}),
  };
}

/// Of a volume, the same along each axis.
ConvolutionAttributes volume(std::int64_t before = 0, std::int64_t after = 0,
                             std::int64_t stride = 1) {
  return {.strides = {stride, stride, stride},
          .dilation = {1, 1, 1},
          .pad_before = {before, before, before},
          .pad_after = {after, after, after}};
}

ConvolutionAttributes grouped(ConvolutionAttributes attributes, std::int64_t groups) {
  attributes.groups = groups;
  return attributes;
}

std::vector<OpCase> volume_convolution_cases() {
  const ConvolutionAttributes dilated{
      .strides = {1, 1, 1}, .dilation = {2, 1, 2}, .pad_before = {2, 1, 0}, .pad_after = {2, 1, 0}};
  const ConvolutionAttributes mixed{
      .strides = {1, 2, 3}, .dilation = {1, 1, 1}, .pad_before = {0, 1, 0}, .pad_after = {1, 1, 2}};
  return {
      convolution("3d_valid", {2, 4, 5, 3, 3}, {2, 3, 2, 3, 4}, volume()),
      convolution("3d_same", {1, 4, 3, 5, 4}, {3, 3, 3, 4, 8}, volume(1, 1)),
      convolution("3d_no_bias", {1, 3, 4, 4, 2}, {3, 2, 3, 2, 3}, volume(), false),
      convolution("3d_stride_2_same_even", {2, 4, 4, 6, 2}, {3, 3, 3, 2, 3}, volume(0, 1, 2)),
      convolution("3d_stride_1_2_3", {1, 3, 5, 7, 2}, {2, 3, 3, 2, 4}, mixed),
      convolution("3d_dilation", {1, 5, 4, 6, 2}, {3, 3, 2, 2, 3}, dilated),
      convolution("3d_groups_2", {1, 3, 3, 4, 4}, {2, 2, 2, 2, 6}, grouped(volume(), 2)),
      convolution("3d_depthwise", {1, 3, 3, 4, 4}, {2, 3, 2, 1, 4}, grouped(volume(), 4)),
      convolution("3d_pointwise", {2, 2, 3, 2, 5}, {1, 1, 1, 5, 7}, volume()),
      convolution("3d_one_channel_to_16", {1, 3, 4, 5, 1}, {3, 3, 3, 1, 16}, volume(1, 1)),
      convolution("3d_one_channel_to_16_valid", {2, 4, 3, 5, 1}, {2, 2, 3, 1, 16}, volume()),
      transposed_convolution("3d_stride_1", {1, 2, 4, 3, 3}, {2, 3, 3, 2, 3}, volume(),
                             {1, 3, 6, 5, 2}),
      transposed_convolution("3d_stride_2", {1, 2, 3, 2, 4}, {2, 2, 2, 3, 4}, volume(0, 0, 2),
                             {1, 4, 6, 4, 3}),
      transposed_convolution("3d_stride_2_same", {1, 2, 2, 3, 4}, {3, 3, 3, 2, 4}, volume(0, 1, 2),
                             {1, 4, 4, 6, 2}),
  };
}

OpCase pooling(const std::string& name, OpKind kind, const Shape& x,
               const PoolingAttributes& attributes) {
  const std::string op = kind == OpKind::kMaxPooling ? "max_pooling/" : "average_pooling/";
  return simple_case(op + name, kind, attributes, {{.name = "x", .shape = x}});
}

std::vector<OpCase> pooling_cases() {
  std::vector<OpCase> all;
  for (const OpKind kind : {OpKind::kMaxPooling, OpKind::kAveragePooling}) {
    all.push_back(pooling("2x2", kind, {2, 6, 4, 3}, {}));
    all.push_back(pooling("2x2_rest", kind, {1, 7, 5, 4}, {}));
    all.push_back(pooling("2x2_same_odd", kind, {2, 5, 7, 3}, {.pad_after = {1, 1}}));
    all.push_back(
        pooling("3x3_stride_2_same", kind, {1, 7, 6, 4},
                {.window = {3, 3}, .strides = {2, 2}, .pad_before = {1, 0}, .pad_after = {1, 1}}));
    all.push_back(
        pooling("3x3_overlapping", kind, {2, 5, 5, 2}, {.window = {3, 3}, .strides = {1, 1}}));
    all.push_back(
        pooling("2x3_stride_1_same", kind, {2, 4, 5, 4},
                {.window = {2, 3}, .strides = {1, 1}, .pad_before = {0, 1}, .pad_after = {1, 1}}));
    all.push_back(pooling("2x2_16_channels", kind, {2, 5, 4, 16}, {}));
    all.push_back(pooling("3d_2x1x3_32_channels", kind, {2, 4, 2, 7, 32},
                          {.window = {2, 1, 3},
                           .strides = {2, 1, 3},
                           .pad_before = {0, 0, 0},
                           .pad_after = {0, 0, 0}}));
    all.push_back(pooling("3d_2x2x2", kind, {2, 4, 2, 6, 3},
                          {.window = {2, 2, 2},
                           .strides = {2, 2, 2},
                           .pad_before = {0, 0, 0},
                           .pad_after = {0, 0, 0}}));
    all.push_back(pooling("3d_same_odd", kind, {1, 3, 4, 5, 4},
                          {.window = {2, 3, 2},
                           .strides = {2, 1, 2},
                           .pad_before = {0, 1, 0},
                           .pad_after = {1, 1, 1}}));
    all.push_back(pooling("3d_global", kind, {2, 2, 3, 4, 5},
                          {.window = {2, 3, 4},
                           .strides = {1, 1, 1},
                           .pad_before = {0, 0, 0},
                           .pad_after = {0, 0, 0}}));
    all.push_back(pooling("global", kind, {3, 4, 5, 6}, {.window = {4, 5}, .strides = {1, 1}}));
  }
  all.push_back({"max_pooling/no_workspace",
                 OpKind::kMaxPooling,
                 {{.name = "x", .shape = {1, 4, 4, 2}, .differentiable = false}},
                 {},
                 [](ops::Builder& builder, const std::vector<ops::ValueId>& values) {
                   return CaseOutputs{{},
                                      {builder.append(OpKind::kMaxPooling, PoolingAttributes{},
                                                      values, "case", {true, false})[0]}};
                 }});
  return all;
}

std::vector<OpCase> up_sampling_cases() {
  const auto make = [](const std::string& name, const Shape& x, UpSamplingAttributes attributes) {
    return simple_case("up_sampling/" + name, OpKind::kUpSampling, attributes,
                       {{.name = "x", .shape = x}});
  };
  return {
      make("nearest_2", {2, 3, 4, 3}, {}),
      make("nearest_1_3", {1, 3, 2, 5}, {.size = {1, 3}}),
      make("nearest_3d", {2, 2, 3, 2, 3}, {.size = {2, 1, 3}}),
      make("bilinear_2", {2, 3, 4, 3}, {.bilinear = true}),
      make("bilinear_2_3", {1, 4, 3, 2}, {.size = {2, 3}, .bilinear = true}),
      make("bilinear_one_pixel", {2, 1, 1, 4}, {.size = {3, 2}, .bilinear = true}),
  };
}

/// Which of gamma and beta there are.
struct Affine {
  bool gamma = true;
  bool beta = true;
};

OpCase batch_normalization(const std::string& name, const Shape& x, Affine affine, bool training,
                           double epsilon = 1e-3) {
  const Shape channels{x.dim(-1)};
  std::vector<InputSpec> inputs = {{.name = "x", .shape = x, .low = -1.0F, .high = 2.0F}};
  if (affine.gamma) {
    inputs.push_back({.name = "gamma", .shape = channels, .low = 0.5F, .high = 1.5F});
  }
  if (affine.beta) {
    inputs.push_back({.name = "beta", .shape = channels});
  }
  if (!training) {
    inputs.push_back({.name = "mean", .shape = channels, .differentiable = false});
    inputs.push_back({.name = "variance", .shape = channels, .low = 0.5F, .differentiable = false});
  }
  const OpKind kind =
      training ? OpKind::kBatchNormalizationTraining : OpKind::kBatchNormalizationInference;
  auto build = [=](ops::Builder& builder, const std::vector<ops::ValueId>& values) {
    auto next = values.begin();
    std::vector<ops::ValueId> ports = {*next++};
    ports.push_back(affine.gamma ? *next++ : ops::kNoValue);
    ports.push_back(affine.beta ? *next++ : ops::kNoValue);
    ports.insert(ports.end(), next, values.end());
    const auto made =
        builder.append(kind, NormalizationAttributes{epsilon}, std::move(ports), "case");
    return CaseOutputs{{made[0]}, {made.begin() + 1, made.end()}};
  };
  const std::string mode =
      training ? "batch_normalization_training/" : "batch_normalization_inference/";
  return {mode + name, kind, inputs, {}, build};
}

std::vector<OpCase> normalization_cases() {
  std::vector<OpCase> all;
  for (const bool training : {true, false}) {
    all.push_back(batch_normalization("images", {2, 4, 3, 5}, {}, training));
    all.push_back(batch_normalization("rows", {6, 4}, {}, training));
    all.push_back(batch_normalization("volumes", {2, 2, 3, 2, 4}, {}, training));
    all.push_back(batch_normalization("16_channels", {2, 3, 3, 16}, {}, training));
    all.push_back(batch_normalization("20_channels", {2, 2, 2, 20}, {}, training));
    all.push_back(batch_normalization("no_gamma", {2, 3, 3, 3}, {.gamma = false}, training));
    all.push_back(batch_normalization("no_beta", {2, 3, 3, 3}, {.beta = false}, training));
    all.push_back(batch_normalization("bare", {2, 3, 3, 3}, {false, false}, training, 1e-5));
  }
  return all;
}

}  // namespace

std::vector<OpCase> image_cases() {
  std::vector<OpCase> all;
  for (auto* family : {convolution_cases, volume_convolution_cases, pooling_cases,
                       up_sampling_cases, normalization_cases}) {
    for (OpCase& one : family()) {
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace tenon::backend::cases
