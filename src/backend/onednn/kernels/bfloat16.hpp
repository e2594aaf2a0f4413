#pragma once

#include <bit>
#include <cstdint>

// Conversions for loops that the compiler turns into vector code.
namespace tenon::backend::onednn {

#define TENON_ALWAYS_INLINE inline __attribute__((always_inline))

TENON_ALWAYS_INLINE float widened(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
TENON_ALWAYS_INLINE float widened(float value) { return value; }

/// To nearest, ties to even; NaN stays NaN, quiet.
TENON_ALWAYS_INLINE std::uint16_t narrowed(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
  const std::uint32_t quiet = bits | 0x00400000U;
  return static_cast<std::uint16_t>((value != value ? quiet : rounded) >> 16);
}

/// What a loop over either kind of number writes.
using Bits = std::uint16_t;
TENON_ALWAYS_INLINE void put(float value, float& to) { to = value; }
TENON_ALWAYS_INLINE void put(float value, Bits& to) { to = narrowed(value); }

}  // namespace tenon::backend::onednn
