#include "tenon/dtype.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tenon {
namespace {

TEST(DType, NamesGoBothWays) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(dtype_from_name(name_of(dtype)), dtype) << name_of(dtype);
  }
  EXPECT_EQ(name_of(DType::kBFloat16), "bfloat16");
  EXPECT_EQ(short_name_of(DType::kUInt8), "u8");
  EXPECT_EQ(dtype_from_name("f32"), std::nullopt);
  EXPECT_EQ(dtype_from_name(""), std::nullopt);
}

TEST(DType, SizesAreThoseOfTheTypes) {
  EXPECT_EQ(size_of(DType::kFloat64), 8U);
  EXPECT_EQ(size_of(DType::kBFloat16), 2U);
  EXPECT_EQ(size_of(DType::kBool), sizeof(bool));
  EXPECT_EQ(size_of(DType::kString), sizeof(std::string));
}

/// What a lossless conversion from integers of so many bits means, worked out from the C++ limits.
template <class From, class To>
bool expected_lossless() {
  using F = std::numeric_limits<From>;
  using T = std::numeric_limits<To>;
  if constexpr (F::is_integer && T::is_integer) {
    return F::digits <= T::digits && (T::is_signed || !F::is_signed);
  } else if constexpr (F::is_integer) {
    return F::digits <= T::digits;
  } else {
    return !T::is_integer && F::digits <= T::digits;
  }
}

template <class From, class... To>
void check_row() {
  const auto check = [](bool actual, bool expected, DType to) {
    EXPECT_EQ(actual, expected) << name_of(dtype_of<From>()) << " to " << name_of(to);
  };
  (check(converts_without_loss(dtype_of<From>(), dtype_of<To>()), expected_lossless<From, To>(),
         dtype_of<To>()),
   ...);
}

template <class... All>
void check_all() {
  (check_row<All, All...>(), ...);
}

TEST(DType, LosslessConversionsAreThoseOfTheLimits) {
  check_all<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
            std::uint16_t, bool>();
}

TEST(DType, LosslessConversionsOfBFloat16AndStrings) {
  EXPECT_TRUE(converts_without_loss(DType::kUInt8, DType::kBFloat16));
  EXPECT_FALSE(converts_without_loss(DType::kInt16, DType::kBFloat16));
  EXPECT_TRUE(converts_without_loss(DType::kBFloat16, DType::kFloat32));
  EXPECT_FALSE(converts_without_loss(DType::kFloat32, DType::kBFloat16));
  EXPECT_TRUE(converts_without_loss(DType::kString, DType::kString));
  EXPECT_FALSE(converts_without_loss(DType::kString, DType::kFloat64));
  EXPECT_FALSE(converts_without_loss(DType::kBool, DType::kString));
}

TEST(BFloat16, RoundsToNearestTiesToEven) {
  EXPECT_EQ(BFloat16(1.0F).bits, 0x3F80);
  EXPECT_EQ(BFloat16(-2.0F).bits, 0xC000);
  EXPECT_EQ(BFloat16(1.0F + 0x1.0p-8F).bits, 0x3F80) << "a tie goes to the even neighbour below";
  EXPECT_EQ(BFloat16(1.0F + 0x3.0p-8F).bits, 0x3F82) << "a tie goes to the even neighbour above";
  EXPECT_EQ(BFloat16(1.0F + 0x1.8p-8F).bits, 0x3F81);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7F80) << "rounds up to infinity";
}

TEST(BFloat16, KeepsNanAndInfinity) {
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::nanf("")))));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(static_cast<float>(BFloat16(-infinity)), -infinity);
  EXPECT_EQ(static_cast<float>(BFloat16(0.15625F)), 0.15625F);
}

}  // namespace
}  // namespace tenon
