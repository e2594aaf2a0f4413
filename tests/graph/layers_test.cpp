#include "tenon/layers.hpp"

#include <gtest/gtest.h>

#include "graph/throws.hpp"

namespace tenon {
namespace {

void expect_holds(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text;
}

TEST(Layers, RefuseArgumentsByName) {
  expect_holds(text_thrown<ContractError>([] { return Conv2D(0, 3, {.name = "stem"}); }),
               "error[A001]: Conv2D \"stem\": filters is 0\n  expected: filters at least 1");
  expect_holds(text_thrown<ContractError>([] { return Conv2D(4, 3, {.padding = "smae"}); }),
               "Conv2D: padding is \"smae\"\n  expected: padding one of \"valid\" and \"same\"\n"
               "  fix: did you mean \"same\"?");
  expect_holds(text_thrown<ContractError>([] { return Dense(4, {.activation = "rleu"}); }),
               "fix: did you mean \"relu\"?");
  expect_holds(text_thrown<ContractError>([] {
                 return Conv2D(4, {3, 0});
               }),
               "kernel_size is {3, 0}");
  expect_holds(text_thrown<ContractError>([] { return Dense(4, {.activation = "rleu"}); }),
               "activation is \"rleu\"");
  expect_holds(text_thrown<ContractError>([] { return Dropout(1.0); }),
               "rate is 1\n  expected: rate at least 0 and below 1");
  expect_holds(text_thrown<ContractError>([] { return BatchNormalization({.momentum = 1.5}); }),
               "momentum is 1.5");
  expect_holds(text_thrown<ContractError>([] { return Dense(std::int64_t{1} << 40); }),
               "at most 2147483647");
  expect_holds(text_thrown<ContractError>([] { return Dense(1, {.name = "a/b"}); }),
               "the name \"a/b\" holds a '/'");
}

TEST(Layers, RefuseArgumentsThatDoNotGoTogether) {
  expect_holds(text_thrown<ContractError>([] { return Conv2D(5, 3, {.groups = 2}); }),
               "filters is 5 and groups is 2");
  expect_holds(
      text_thrown<ContractError>([] { return Conv2D(4, 3, {.strides = 2, .dilation_rate = 2}); }),
      "strides and dilation_rate are both more than 1");
  expect_holds(text_thrown<ContractError>([] { return Reshape({-1, -1}); }), "more than one -1");
  expect_holds(text_thrown<ContractError>([] { return Input({0, 3}); }), "shape holds 0");
  expect_holds(text_thrown<ContractError>([] { return Input({4}, {.axes = "HW"}); }),
               "has not one letter per axis");
}

TEST(Layers, RefuseInputsWithShapesAndPlace) {
  const SymbolicTensor flat = Input({12}, {.name = "x"});
  const SymbolicTensor image = Input({8, 8, 3}, {.name = "i"});
  expect_holds(text_thrown<ShapeError>([&] { return Conv2D(4, 3, {.name = "c"})(flat); }),
               "error[S002]: Conv2D \"c\" cannot take (B, 12): it has 2 axes (layers_test.cpp:");
  const SymbolicTensor thin = Input({8, 8}, {.name = "t"});
  expect_holds(text_thrown<ShapeError>([&] { return Conv2D(4, 3, {.name = "c"})(thin); }),
               "error[S001]: Conv2D \"c\" cannot take (B, 8, 8): it has 3 axes");
  expect_holds(text_thrown<ShapeError>([&] { return Conv2D(4, 9)(image); }),
               "its window covers 9 along height, and the input has only 8");
  const SymbolicTensor first = Input({3, 32, 32}, {.name = "f"});
  expect_holds(text_thrown<ShapeError>([&] { return Conv2D(4, 5)(first); }), "error[S004]");
  expect_holds(text_thrown<ShapeError>([&] { return Reshape({5})(flat); }),
               "it has 12 elements per sample, and target_shape (5) has 5");
  expect_holds(text_thrown<ShapeError>([&] {
                 return Concatenate()({flat, image});
               }),
               "cannot take (B, 12), (B, 8, 8, 3): the inputs have different ranks");
  expect_holds(text_thrown<ShapeError>([&] {
                 return Dense(2)({flat, flat});
               }),
               "takes 1 inputs and was called on 2");
  expect_holds(text_thrown<ShapeError>([&] { return BatchNormalization({.axis = 1})(image); }),
               "axis is not the last one");
}

TEST(Layers, KeepUnknownSizesUnknown) {
  const SymbolicTensor image = Input({Dim::unknown(), Dim::unknown(), 3});
  const SymbolicTensor same = Conv2D(4, 3, {.strides = 2, .padding = "same"})(image);
  EXPECT_EQ(same.spec().shape_string(), "(B, ?, ?, 4)");
  EXPECT_EQ(GlobalAveragePooling2D()(same).spec().shape_string(), "(B, 4)");
  const SymbolicTensor flat = Flatten()(same);
  EXPECT_EQ(flat.spec().shape_string(), "(B, ?)");
  expect_holds(text_thrown<ShapeError>([&] { return Dense(2)(flat); }),
               "the size of the last axis is ?");
}

TEST(Layers, VolumesHaveADepth) {
  const SymbolicTensor volume = Input({32, 24, 16, 1}, {.name = "v"});
  EXPECT_EQ(volume.spec().axes, "BDHWC");
  const SymbolicTensor y = Conv3D(4, 3, {.strides = {1, 2, 1}, .padding = "same"})(volume);
  EXPECT_EQ(y.spec().shape_string(), "(B, 32, 12, 16, 4)");
  EXPECT_EQ(y.spec().axes, "BDHWC");
  EXPECT_EQ(MaxPooling3D(2)(y).spec().shape_string(), "(B, 16, 6, 8, 4)");
  EXPECT_EQ(GlobalMaxPooling3D({.keepdims = true})(y).spec().shape_string(), "(B, 1, 1, 1, 4)");
  const SymbolicTensor unknown = Input({Dim::unknown(), 8, Dim::unknown(), 2});
  EXPECT_EQ(Cropping3D()(UpSampling3D(2)(unknown)).spec().shape_string(), "(B, ?, 14, ?, 2)");
  const SymbolicTensor image = Input({8, 8, 3}, {.name = "i"});
  expect_holds(text_thrown<ShapeError>([&] { return Conv3D(4, 3, {.name = "c"})(image); }),
               "error[S001]: Conv3D \"c\" cannot take (B, 8, 8, 3): it has 4 axes");
  expect_holds(text_thrown<ShapeError>([&] {
                 return MaxPooling3D({33, 2, 2})(volume);
               }),
               "its window covers 33 along depth, and the input has only 32");
  const SymbolicTensor first = Input({1, 32, 32, 32}, {.name = "f"});
  expect_holds(text_thrown<ShapeError>([&] { return Conv3D(4, 3)(first); }),
               "fix: the input looks channels first; give it as (depth, height, width, channels)");
  expect_holds(text_thrown<ContractError>([] {
                 return Conv3D(4, {3, 3, 0});
               }),
               "kernel_size is {3, 3, 0}");
}

// Keras's shapes: "same" gives in·stride, "valid" (in − 1)·stride + max(extent, stride).
TEST(Layers, TransposedConvolutionsStretch) {
  const SymbolicTensor image = Input({7, 6, 4});
  const auto shape = [&](Pair kernel, const Conv2DTransposeOptions& options) {
    return Conv2DTranspose(3, kernel, options)(image).spec().shape_string();
  };
  EXPECT_EQ(shape(3, {}), "(B, 9, 8, 3)");
  EXPECT_EQ(shape({2, 5}, {.strides = 3}), "(B, 21, 20, 3)");
  EXPECT_EQ(shape({2, 5}, {.strides = 3, .output_padding = {0, 2}}), "(B, 20, 22, 3)");
  EXPECT_EQ(shape({3, 4}, {.strides = {2, 3}, .padding = "same"}), "(B, 14, 18, 3)");
  EXPECT_EQ(shape({3, 4}, {.strides = 2, .padding = "same", .output_padding = {0, 1}}),
            "(B, 13, 11, 3)");
  EXPECT_EQ(shape(3, {.dilation_rate = 2}), "(B, 11, 10, 3)");
  EXPECT_EQ(Conv3DTranspose(2, 2, {.strides = 2})(Input({2, 3, 4, 5})).spec().shape_string(),
            "(B, 4, 6, 8, 2)");
  const SymbolicTensor unknown = Input({Dim::unknown(), 6, 4});
  EXPECT_EQ(Conv2DTranspose(3, 3)(unknown).spec().shape_string(), "(B, ?, 8, 3)");
  const std::string too_much = text_thrown<ContractError>([] {
    return Conv2DTranspose(3, 3, {.strides = {2, 1}, .output_padding = 1});
  });
  expect_holds(too_much, "output_padding is 1 where strides is 1; it must be less");
  const SymbolicTensor pixel = Input({1, 1, 2});
  expect_holds(text_thrown<ShapeError>([&] {
                 return Conv2DTranspose(3, 2, {.padding = "same", .output_padding = 0})(pixel);
               }),
               "its output would have no height");
}

TEST(Layers, CroppingLeavesSomething) {
  const SymbolicTensor image = Input({4, 5, 2});
  EXPECT_EQ(Cropping2D({{1, 2}, {0, 3}})(image).spec().shape_string(), "(B, 1, 2, 2)");
  expect_holds(text_thrown<ShapeError>([&] {
                 return Cropping2D({2, 0})(image);
               }),
               "it cuts off 4 of the height, which is only 4");
}

TEST(Layers, RefuseSizesThatOverflow) {
  SymbolicTensor image = Input({2000000000, 2000000000, 1});
  expect_holds(text_thrown<ShapeError>([&] { return Flatten()(image); }),
               "is too large for an axis");
}

TEST(Layers, PoolingStridesAreThePoolSize) {
  const SymbolicTensor image = Input({9, 9, 3});
  EXPECT_EQ(MaxPooling2D(3)(image).spec().shape_string(), "(B, 3, 3, 3)");
  EXPECT_EQ(AveragePooling2D(2, {.padding = "same"})(image).spec().shape_string(), "(B, 5, 5, 3)");
}

}  // namespace
}  // namespace tenon
