#include "tenon/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "tenon/error.hpp"

namespace tenon {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known answers that the authors publish with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(Random::block({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(Random::block({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      Random::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, EqualNamesGiveEqualStreams) {
  Random first(1, 2, 3, 4);
  Random second(1, 2, 3, 4);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(first.next_u32(), second.next_u32());
}

TEST(Random, EveryPartOfTheNameCounts) {
  std::set<std::uint64_t> firsts;
  const std::vector<std::array<std::uint64_t, 4>> names = {
      {0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1},
      {1, 1, 0, 0}, {0, 0, 1, 1}, {1, 2, 3, 4}, {4, 3, 2, 1}};
  for (const auto& name : names) {
    firsts.insert(Random(name[0], name[1], name[2], name[3]).next_u64());
  }
  EXPECT_EQ(firsts.size(), names.size());
}

// Files and runs of older versions depend on these: a change of the stream is a change of format.
TEST(Random, StreamsNeverChange) {
  Random random(42, 1, 2, 3);
  EXPECT_EQ(random.next_u32(), 2135276669U);
  EXPECT_EQ(random.next_u64(), 15695907345992606539U);
}

TEST(Random, FloatsAreEvenInTheUnitInterval) {
  Random random(3);
  std::array<int, 10> bins{};
  for (int i = 0; i < 20000; ++i) {
    const float value = random.next_float();
    ASSERT_GE(value, 0.0F);
    ASSERT_LT(value, 1.0F);
    ++bins[static_cast<std::size_t>(value * 10.0F)];
    const double wide = random.next_double();
    ASSERT_TRUE(wide >= 0.0 && wide < 1.0);
  }
  // Five standard deviations of a bin are 212.
  for (const int count : bins) EXPECT_NEAR(count, 2000, 212);
}

TEST(Random, NormalsHaveMeanZeroAndVarianceOne) {
  Random random(4);
  double sum = 0.0;
  double squares = 0.0;
  int beyond_two = 0;
  constexpr int kCount = 50000;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.next_normal();
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
    beyond_two += std::abs(value) > 2.0 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.02);
  EXPECT_NEAR(squares / kCount, 1.0, 0.03);
  EXPECT_NEAR(static_cast<double>(beyond_two) / kCount, 0.0455, 0.005);
}

TEST(Random, NextBelowIsEvenAndBounded) {
  Random random(5);
  std::array<int, 7> bins{};
  for (int i = 0; i < 14000; ++i) ++bins[random.next_below(7)];
  for (const int count : bins) EXPECT_NEAR(count, 2000, 210);
  EXPECT_EQ(random.next_below(1), 0U);
  EXPECT_THROW(random.next_below(0), ContractError);
}

TEST(Random, NextBelowHasNoBiasForLargeN) {
  // Three quarters of 2^64: a plain remainder would give the lowest third half of the draws.
  const std::uint64_t third = std::uint64_t{1} << 62;
  Random random(6);
  int lowest = 0;
  for (int i = 0; i < 3000; ++i) lowest += random.next_below(3 * third) < third ? 1 : 0;
  EXPECT_NEAR(lowest, 1000, 130);
}

TEST(Mix, DependsOnTheOrder) {
  EXPECT_NE(mix(1, 2), mix(2, 1));
  EXPECT_NE(mix(0, 0), 0U);
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 64; ++a) {
    for (std::uint64_t b = 0; b < 64; ++b) seen.insert(mix(a, b));
  }
  EXPECT_EQ(seen.size(), 64U * 64U);
}

}  // namespace
}  // namespace tenon
