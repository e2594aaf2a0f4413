#include "data/normal_numbers.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "data/exact_clones.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

/// So many pairs at a time.
constexpr std::size_t kPairs = 256;
using Words = std::array<std::uint64_t, kPairs>;
using Doubles = std::array<double, kPairs>;

/// As an integer below 2^53 by its halves: processors without a conversion of 64 bits do this in
/// vectors, too.
[[gnu::always_inline]] inline double even_of(std::uint64_t word) {
  const std::uint64_t bits = word >> 11U;
  const double high = std::bit_cast<double>((bits >> 32U) | 0x4530000000000000U) - 0x1.0p84;
  const double low = std::bit_cast<double>((bits & 0xFFFFFFFFU) | 0x4330000000000000U) - 0x1.0p52;
  return (high + low) * 0x1.0p-53;
}

/// -2 log(x), x in (0, 1], to 1e-11: by the series of the area tangent around a power of 2.
[[gnu::always_inline]] inline double minus_two_logarithms(double x) {
  // x = near_one * 2^exponent, near_one in [sqrt(1/2), sqrt(2)): without a branch, for vectors.
  constexpr std::uint64_t kRootOfHalf = std::bit_cast<std::uint64_t>(std::numbers::sqrt2 / 2);
  constexpr std::uint64_t kAbove = std::uint64_t{1024} << 52U;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t above = bits - kRootOfHalf + kAbove;
  const double exponent =
      std::bit_cast<double>((above >> 52U) | 0x4330000000000000U) - (0x1.0p52 + 1024.0);
  const double near_one = std::bit_cast<double>(bits - ((above & 0xFFF0000000000000U) - kAbove));
  const double s = (near_one - 1.0) / (near_one + 1.0);
  const double z = s * s;
  const double series =
      1.0 + z * (1.0 / 3 +
                 z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13))))));
  return -2.0 * (exponent * std::numbers::ln2 + 2.0 * s * series);
}

/// squares[i] = -2 log(1 - u), and the cosine and sine of a turn by v; u and v even in [0, 1).
TENON_EXACT_CLONES void parts_of(const Words& first, const Words& second, Doubles& squares,
                                 Doubles& cosines, Doubles& sines) {
  for (std::size_t i = 0; i < kPairs; ++i) {
    squares[i] = minus_two_logarithms(1.0 - even_of(first[i]));
    const double quarters = 4.0 * even_of(second[i]);
    // The nearest whole number stands in the last bits of the sum.
    const double shifted = quarters + 0x1.8p52;
    const auto quarter = std::bit_cast<std::uint64_t>(shifted);
    const double r = (quarters - (shifted - 0x1.8p52)) * (std::numbers::pi / 2);
    const double z = r * r;
    const double cosine =
        1.0 -
        z * (1.0 / 2 -
             z * (1.0 / 24 - z * (1.0 / 720 - z * (1.0 / 40320 -
                                                   z * (1.0 / 3628800 - z * (1.0 / 479001600))))));
    const double sine =
        r * (1.0 - z * (1.0 / 6 - z * (1.0 / 120 - z * (1.0 / 5040 - z * (1.0 / 362880 -
                                                                          z * (1.0 / 39916800))))));
    const std::uint64_t turned = 0U - (quarter & 1U);
    const auto along = std::bit_cast<std::uint64_t>(cosine);
    const auto beside = std::bit_cast<std::uint64_t>(sine);
    const std::uint64_t across = (along & ~turned) | (beside & turned);
    const std::uint64_t up = (beside & ~turned) | (along & turned);
    cosines[i] = std::bit_cast<double>(across ^ (((quarter + 1U) & 2U) << 62U));
    sines[i] = std::bit_cast<double>(up ^ ((quarter & 2U) << 62U));
  }
}

}  // namespace

void add_normals(std::span<float> values, float deviation, std::uint64_t seed) {
  const std::uint64_t name = mix(seed, 0x6E6F726D616CU);
  const std::array<std::uint32_t, 2> key{static_cast<std::uint32_t>(name),
                                         static_cast<std::uint32_t>(name >> 32U)};
  Words first{};
  Words second{};
  Doubles squares{};
  Doubles cosines{};
  Doubles sines{};
  std::array<float, 2 * kPairs> normals{};
  for (std::size_t begin = 0; begin < values.size(); begin += 2 * kPairs) {
    for (std::size_t i = 0; i < kPairs; ++i) {
      const std::uint64_t counter = begin / 2 + i;
      const auto block = Random::block(
          {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32U), 0, 0},
          key);
      first[i] = block[0] | (std::uint64_t{block[1]} << 32U);
      second[i] = block[2] | (std::uint64_t{block[3]} << 32U);
    }
    parts_of(first, second, squares, cosines, sines);
    for (std::size_t i = 0; i < kPairs; ++i) {
      const double radius = std::sqrt(squares[i]);
      normals[2 * i] = static_cast<float>(radius * cosines[i]);
      normals[2 * i + 1] = static_cast<float>(radius * sines[i]);
    }
    const std::size_t count = std::min(values.size() - begin, normals.size());
    for (std::size_t i = 0; i < count; ++i) values[begin + i] += deviation * normals[i];
  }
}

}  // namespace tenon::data
