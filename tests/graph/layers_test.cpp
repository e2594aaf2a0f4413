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
