#include "tenon/tensor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/throws.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

Tensor counting(const Shape& shape) {
  Tensor tensor(DType::kInt32, shape);
  const auto values = tensor.data<std::int32_t>();
  std::iota(values.begin(), values.end(), 0);
  return tensor;
}

TEST(Tensor, IsZeroFilledAndAligned) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const Tensor tensor(static_cast<DType>(i), {3, 5});
    EXPECT_TRUE(tensor.defined());
    EXPECT_EQ(tensor.size(), 15);
    EXPECT_EQ(tensor.byte_size(), 15 * size_of(tensor.dtype()));
    if (tensor.dtype() == DType::kString) continue;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes()) % 64, 0U);
    for (std::size_t b = 0; b < tensor.byte_size(); ++b) EXPECT_EQ(tensor.bytes()[b], std::byte{0});
  }
}

TEST(Tensor, WithNoElementsIsDefined) {
  const Tensor tensor(DType::kFloat32, {0, 4});
  EXPECT_TRUE(tensor.defined());
  EXPECT_EQ(tensor.size(), 0);
  EXPECT_TRUE(tensor.data<float>().empty());
  EXPECT_TRUE(tensor.clone().equals(tensor));
}

TEST(Tensor, UndefinedThrowsOnUse) {
  const Tensor tensor;
  EXPECT_FALSE(tensor.defined());
  EXPECT_EQ(text_thrown<ShapeError>([&] { return tensor.data<float>().size(); }),
            "error[S002]: a tensor that was never set is used\n  expected: a tensor of float32");
  EXPECT_THROW(tensor.slice(0, 0), ShapeError);
  EXPECT_THROW(tensor.row(0), ShapeError);
  EXPECT_THROW(tensor.reshape({1}), ShapeError);
  EXPECT_THROW(tensor.clone(), ShapeError);
  EXPECT_THROW(tensor.cast(DType::kInt8), ShapeError);
  EXPECT_TRUE(tensor.equals(Tensor()));
  EXPECT_FALSE(tensor.equals(Tensor(DType::kFloat32, {})));
}

TEST(Tensor, RefusesShapesBeyondTheLimit) {
  EXPECT_EQ(text_thrown<ShapeError>([] {
              return Tensor(DType::kFloat64, {std::int64_t{1} << 20, std::int64_t{1} << 18});
            }),
            "error[S002]: a tensor f64 (1048576, 262144) is too large\n"
            "  expected: at most 2^40 bytes; this has 274877906944 elements of 8 bytes");
  EXPECT_THROW(Tensor(DType::kUInt8, {-1}), ShapeError);
}

TEST(Tensor, FromTakesExactlyTheCount) {
  const Tensor tensor = Tensor::from({2, 2}, {1.0F, 2.0F, 3.0F, 4.0F});
  EXPECT_EQ(tensor.data<float>()[3], 4.0F);
  EXPECT_TRUE(Tensor::from({2}, std::vector<bool>{true, false}).data<bool>()[0]);
  EXPECT_EQ(text_thrown<ShapeError>([] {
              return Tensor::from({2, 2}, std::vector<int>{1, 2, 3});
            }),
            "error[S002]: 3 values were given for a tensor i32 (2, 2)\n  expected: 4 values");
}

TEST(Tensor, ReadAsAnotherTypeNamesBoth) {
  const Tensor tensor = Tensor::from({2}, {1.0F, 2.0F});
  EXPECT_EQ(text_thrown<ShapeError>([&] { return tensor.data<std::uint8_t>().size(); }),
            "error[D001]: a tensor f32 (2,) is read as uint8\n"
            "  expected: float32\n"
            "  fix: read it as float32, or cast it first");
}

TEST(Tensor, ItemWantsOneElement) {
  EXPECT_EQ(Tensor::scalar(2.5).item<double>(), 2.5);
  EXPECT_EQ(Tensor::scalar(std::string("a")).item<std::string>(), "a");
  EXPECT_EQ(Tensor::from({1, 1}, {7.0F}).item<float>(), 7.0F);
  EXPECT_EQ(text_thrown<ShapeError>([] { return Tensor(DType::kFloat32, {2}).item<float>(); }),
            "error[S002]: item() of a tensor f32 (2,)\n  expected: exactly one element");
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor tensor = counting({4});
  Tensor same = tensor;
  const Tensor clone = tensor.clone();
  same.data<std::int32_t>()[0] = 99;
  EXPECT_EQ(tensor.data<std::int32_t>()[0], 99);
  EXPECT_EQ(clone.data<std::int32_t>()[0], 0);
}

TEST(Tensor, SlicesAreViewsThatKeepTheMemory) {
  Tensor part;
  {
    Tensor whole = counting({4, 3});
    part = whole.slice(1, 3);
    whole.data<std::int32_t>()[3] = -1;
  }
  EXPECT_EQ(part.shape(), Shape({2, 3}));
  EXPECT_EQ(part.data<std::int32_t>()[0], -1);
  EXPECT_EQ(part.data<std::int32_t>()[5], 8);
  EXPECT_EQ(part.row(1).shape(), Shape({3}));
  EXPECT_EQ(part.row(1).data<std::int32_t>()[0], 6);
  EXPECT_EQ(part.slice(2, 2).size(), 0);
}

TEST(Tensor, SliceOutsideTellsTheBounds) {
  const Tensor tensor = counting({4, 3});
  EXPECT_EQ(text_thrown<ShapeError>([&] { return tensor.slice(2, 5); }),
            "error[S002]: slice [2, 5) of a tensor i32 (4, 3)\n"
            "  expected: 0 <= begin <= end <= 4");
  EXPECT_THROW(tensor.slice(-1, 2), ShapeError);
  EXPECT_THROW(tensor.slice(3, 2), ShapeError);
  EXPECT_THROW(tensor.row(4), ShapeError);
  EXPECT_THROW(tensor.row(-1), ShapeError);
  EXPECT_THROW(Tensor::scalar(1.0F).row(0), ShapeError);
}

TEST(Tensor, ReshapeResolvesOneOpenDim) {
  const Tensor tensor = counting({4, 3});
  EXPECT_EQ(tensor.reshape({2, -1}).shape(), Shape({2, 6}));
  EXPECT_EQ(tensor.reshape({12}).data<std::int32_t>()[11], 11);
  EXPECT_EQ(tensor.reshape({2, 6}).bytes(), tensor.bytes());
  EXPECT_EQ(
      text_thrown<ShapeError>([&] {
        return tensor.reshape({5, -1});
      }),
      "error[S002]: reshape of i32 (4, 3) to (5, -1): no whole number fits the dim that is -1\n"
      "  expected: the same number of elements; one dim may be -1");
  EXPECT_THROW(tensor.reshape({-1, -1}), ShapeError);
  EXPECT_THROW(tensor.reshape({11}), ShapeError);
  EXPECT_THROW(tensor.reshape({-2, -6}), ShapeError);
  EXPECT_THROW(Tensor(DType::kInt8, {0}).reshape({0, -1}), ShapeError);
}

TEST(Tensor, ViewHoldsWhatKeepsItAlive) {
  auto values = std::make_shared<std::vector<float>>(std::vector<float>{1.0F, 2.0F});
  const std::weak_ptr<std::vector<float>> watch = values;
  Tensor row;
  {
    const Tensor view = Tensor::view(values->data(), DType::kFloat32, {2, 1}, values);
    values.reset();
    row = view.row(1);
  }
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(row.data<float>()[0], 2.0F);
  row = Tensor();
  EXPECT_TRUE(watch.expired());
  EXPECT_THROW(Tensor::view(nullptr, DType::kFloat32, {2}), ShapeError);
}

TEST(Tensor, EqualsIsBitForBit) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(Tensor::scalar(nan).equals(Tensor::scalar(nan)));
  EXPECT_FALSE(Tensor::scalar(0.0F).equals(Tensor::scalar(-0.0F)));
  EXPECT_FALSE(counting({4}).equals(counting({2, 2})));
  EXPECT_FALSE(counting({1}).equals(Tensor(DType::kFloat32, {1})));
  EXPECT_TRUE(Tensor::strings({2}, {"a", "b"}).equals(Tensor::strings({2}, {"a", "b"})));
  EXPECT_FALSE(Tensor::strings({2}, {"a", "b"}).equals(Tensor::strings({2}, {"a", "c"})));
}

TEST(TensorCast, FloatToIntegerTruncatesAndSaturates) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor source = Tensor::from({6}, {-1.9F, 2.9F, 300.0F, -300.0F, nan, 255.5F});
  const Tensor small = source.cast(DType::kInt8);
  const std::vector<int> expected = {-1, 2, 127, -128, 0, 127};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(small.data<std::int8_t>()[i], expected[i]) << i;
  EXPECT_EQ(source.cast(DType::kUInt8).data<std::uint8_t>()[0], 0);
  EXPECT_EQ(source.cast(DType::kUInt8).data<std::uint8_t>()[5], 255);
  EXPECT_EQ(Tensor::scalar(1e30F).cast(DType::kInt64).item<std::int64_t>(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Tensor::scalar(2147483647.5).cast(DType::kInt32).item<std::int32_t>(), 2147483647);
}

TEST(TensorCast, IntegersWrapAndBoolsAreZeroOrOne) {
  EXPECT_EQ(Tensor::scalar(300).cast(DType::kUInt8).item<std::uint8_t>(), 44);
  EXPECT_TRUE(Tensor::scalar(0.25F).cast(DType::kBool).item<bool>());
  EXPECT_EQ(Tensor::scalar(true).cast(DType::kFloat32).item<float>(), 1.0F);
  EXPECT_EQ(Tensor::scalar(1.0F).cast(DType::kBFloat16).item<BFloat16>().bits, 0x3F80);
  EXPECT_EQ(Tensor::scalar(BFloat16(3.0F)).cast(DType::kInt32).item<int>(), 3);
}

TEST(TensorCast, EveryNumberTypeToEveryOtherKeepsSmallValues) {
  for (int from = 0; from < kDTypeCount - 1; ++from) {
    for (int to = 0; to < kDTypeCount - 1; ++to) {
      const Tensor source = Tensor::from({2}, {0.0F, 1.0F}).cast(static_cast<DType>(from));
      const Tensor back = source.cast(static_cast<DType>(to)).cast(DType::kFloat32);
      EXPECT_TRUE(back.equals(Tensor::from({2}, {0.0F, 1.0F}))) << from << " to " << to;
    }
  }
  EXPECT_EQ(text_thrown<ShapeError>([] { return Tensor::scalar(1.0F).cast(DType::kString); }),
            "error[D001]: cast from float32 to string\n"
            "  expected: numbers on both sides; strings are not converted");
}

TEST(Stack, AddsAnAxis) {
  const std::vector<Tensor> parts = {counting({2, 2}), counting({2, 2})};
  const Tensor whole = stack(parts);
  EXPECT_EQ(whole.shape(), Shape({2, 2, 2}));
  EXPECT_TRUE(whole.row(1).clone().equals(parts[1]));
  const std::vector<Tensor> words = {Tensor::strings({}, {"a"}), Tensor::strings({}, {"b"})};
  EXPECT_EQ(stack(words).data<std::string>()[1], "b");
}

TEST(Stack, NamesTheTensorThatDiffers) {
  const std::vector<Tensor> parts = {counting({2, 2}), counting({2, 3})};
  EXPECT_EQ(text_thrown<ShapeError>([&] { return stack(parts); }),
            "error[S006]: stack: tensor 1 is i32 (2, 3), tensor 0 is i32 (2, 2)\n"
            "  expected: one dtype and one shape\n"
            "  fix: pad, crop or resize before stacking");
  EXPECT_THROW(stack({}), ShapeError);
  EXPECT_THROW(stack(std::vector<Tensor>{Tensor()}), ShapeError);
}

TEST(ConcatenateRows, JoinsTheFirstAxis) {
  const std::vector<Tensor> parts = {counting({1, 2}), counting({0, 2}), counting({3, 2})};
  const Tensor whole = concatenate_rows(parts);
  EXPECT_EQ(whole.shape(), Shape({4, 2}));
  EXPECT_EQ(whole.data<std::int32_t>()[7], 5);
  EXPECT_THROW(concatenate_rows(std::vector<Tensor>{counting({1, 2}), counting({1, 3})}),
               ShapeError);
  EXPECT_THROW(concatenate_rows(std::vector<Tensor>{Tensor::scalar(1)}), ShapeError);
}

TEST(RandomTensors, StayInRangeAndRepeat) {
  const Tensor uniform = random_uniform({1000}, 7, -2.0F, 3.0F);
  float sum = 0.0F;
  for (const float value : uniform.data<float>()) {
    EXPECT_GE(value, -2.0F);
    EXPECT_LT(value, 3.0F);
    sum += value;
  }
  EXPECT_NEAR(sum / 1000.0F, 0.5F, 0.2F);
  EXPECT_TRUE(uniform.equals(random_uniform({1000}, 7, -2.0F, 3.0F)));
  EXPECT_FALSE(uniform.equals(random_uniform({1000}, 8, -2.0F, 3.0F)));
  std::set<std::int64_t> seen;
  const Tensor integers = random_integers({200}, 1, -2, 3);
  for (const std::int64_t value : integers.data<std::int64_t>()) seen.insert(value);
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_THROW(random_integers({1}, 1, 3, 3), ContractError);
  EXPECT_THROW(random_uniform({1}, 1, 3.0F, 2.0F), ContractError);
}

}  // namespace
}  // namespace tenon
