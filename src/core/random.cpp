#include "tenon/random.hpp"

#include <cmath>
#include <numbers>

#include "tenon/error.hpp"

namespace tenon {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;
constexpr int kRounds = 10;

constexpr std::uint32_t low_half(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high_half(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32U);
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection.
constexpr std::uint64_t scramble(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

}  // namespace

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15U;
  return scramble(scramble(a + kGoldenRatio) + b * 0xD1342543DE82EF95U + kGoldenRatio);
}

Random::Random(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  // The name is hashed to 128 bits: the key, and the upper half of the counter.
  const std::uint64_t key = mix(mix(mix(seed, a), b), c);
  const std::uint64_t upper = mix(mix(mix(c ^ 0x5851F42D4C957F2DU, b), a), seed);
  key_ = {low_half(key), high_half(key)};
  counter_ = {0, 0, low_half(upper), high_half(upper)};
}

std::array<std::uint32_t, 4> Random::block(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {high_half(product1) ^ counter[1] ^ key[0], low_half(product1),
               high_half(product0) ^ counter[3] ^ key[1], low_half(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

std::uint32_t Random::next_u32() {
  if (used_ == 4) {
    buffer_ = block(counter_, key_);
    used_ = 0;
    if (++counter_[0] == 0) ++counter_[1];
  }
  return buffer_[static_cast<std::size_t>(used_++)];
}

std::uint64_t Random::next_u64() {
  const std::uint64_t low = next_u32();
  return low | (std::uint64_t{next_u32()} << 32U);
}

float Random::next_float() { return static_cast<float>(next_u32() >> 8U) * 0x1.0p-24F; }

double Random::next_double() { return static_cast<double>(next_u64() >> 11U) * 0x1.0p-53; }

float Random::next_normal() {
  // 1 - u lies in (0, 1], so the logarithm is finite.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - next_double()));
  return static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * next_double()));
}

std::uint64_t Random::next_below(std::uint64_t n) {
  if (n == 0) throw_argument_error("Random::next_below", "n = 0", "n > 0");
  // Draws under 2^64 mod n are thrown away, so that every remainder is as likely as another.
  const std::uint64_t least = (0 - n) % n;
  std::uint64_t drawn = next_u64();
  while (drawn < least) drawn = next_u64();
  return drawn % n;
}

}  // namespace tenon
