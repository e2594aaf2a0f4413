#include "contract/value_checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tenon::contract {
namespace {

template <class T>
std::optional<BadValue> bad_of(std::vector<T> values, std::optional<ValueRange> range) {
  Tensor tensor(dtype_of<T>(), {static_cast<std::int64_t>(values.size())});
  std::ranges::copy(values, tensor.data<T>().begin());
  return find_bad_value(tensor, true, range);
}

TEST(ValueChecks, WholeNumbersAreComparedAsWhatTheyAre) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_FALSE(bad_of<std::int64_t>({0, 1, 2}, ValueRange{0, 2}));
  EXPECT_EQ(bad_of<std::int64_t>({0, 3, 2, 4}, ValueRange{0, 2})->count, 2);
  EXPECT_EQ(bad_of<std::int64_t>({0, -1}, ValueRange{0, 2})->text, "the value -1");
  EXPECT_FALSE(bad_of<std::int64_t>({1, 2}, ValueRange{0.5, 2.5}));
  EXPECT_TRUE(bad_of<std::int64_t>({0}, ValueRange{0.5, 2.5}));
  EXPECT_FALSE(bad_of<std::int64_t>({kMost, kLeast}, ValueRange{-1e30, 1e30}));
  EXPECT_TRUE(bad_of<std::int64_t>({kMost}, ValueRange{1e30, 2e30}));
  EXPECT_FALSE(bad_of<std::uint8_t>({0, 255}, ValueRange{-5, 300}));
  EXPECT_TRUE(bad_of<std::uint8_t>({255}, ValueRange{-5, 254}));
  EXPECT_TRUE(bad_of<std::int8_t>({-128}, ValueRange{-127, 127}));
  EXPECT_TRUE(bad_of<std::uint8_t>({0}, ValueRange{-9, -1}));
}

TEST(ValueChecks, NaNAndInfinityAreFoundInBothPrecisions) {
  EXPECT_FALSE(bad_of<float>({1.0F, -3e38F}, {}));
  EXPECT_EQ(bad_of<float>({1.0F, std::numeric_limits<float>::infinity()}, {})->row, 1);
  EXPECT_FALSE(bad_of<double>({1.0, 1e300}, {}));
  EXPECT_EQ(bad_of<double>({std::numeric_limits<double>::quiet_NaN()}, {})->text, "NaN");
  EXPECT_EQ(bad_of<float>({std::numeric_limits<float>::quiet_NaN()}, ValueRange{0, 1})->count, 1);
}

}  // namespace
}  // namespace tenon::contract
