#include "data/normal_numbers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "tenon/random.hpp"

namespace tenon::data {
namespace {

TEST(NormalNumbers, AreThoseOfTheirBlocks) {
  std::vector<float> values(1201, 0.5F);
  add_normals(values, 2.0F, 99);
  const std::uint64_t name = mix(99, 0x6E6F726D616CU);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto block =
        Random::block({static_cast<std::uint32_t>(i / 2), 0, 0, 0},
                      {static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(name >> 32U)});
    const auto even = [&](std::size_t at) {
      const std::uint64_t word = block[at] | (std::uint64_t{block[at + 1]} << 32U);
      return static_cast<double>(word >> 11U) * 0x1.0p-53;
    };
    const double radius = std::sqrt(-2.0 * std::log(1.0 - even(0)));
    const double angle = 2.0 * std::numbers::pi * even(2);
    const double normal = radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
    EXPECT_NEAR(values[i], 0.5F + 2.0F * static_cast<float>(normal), 2e-6F) << i;
  }
}

TEST(NormalNumbers, HaveTheMomentsOfTheNormalDistribution) {
  std::vector<float> values(400000, 0.0F);
  add_normals(values, 1.0F, 4);
  std::array<double, 5> moment{};
  double neighbours = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double power = 1.0;
    for (double& each : moment) {
      each += power / static_cast<double>(values.size());
      power *= static_cast<double>(values[i]);
    }
    if (i > 0) neighbours += static_cast<double>(values[i] * values[i - 1]);
  }
  EXPECT_NEAR(moment[1], 0.0, 0.008);
  EXPECT_NEAR(moment[2], 1.0, 0.012);
  EXPECT_NEAR(moment[3], 0.0, 0.04);
  EXPECT_NEAR(moment[4], 3.0, 0.1);
  EXPECT_NEAR(neighbours / static_cast<double>(values.size()), 0.0, 0.008);
}

TEST(NormalNumbers, OfTwoStreamsAreOthersAndOfOneTheSame) {
  std::vector<float> a(100);
  std::vector<float> b(100);
  std::vector<float> c(57);
  add_normals(a, 1.0F, 1);
  add_normals(b, 1.0F, 2);
  add_normals(c, 1.0F, 1);
  EXPECT_NE(a, b);
  EXPECT_TRUE(std::equal(c.begin(), c.end(), a.begin()));
}

}  // namespace
}  // namespace tenon::data
