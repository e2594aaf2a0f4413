#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tenon/tensor.hpp"

namespace tenon::report {

/// Red, green, blue.
using Color = std::array<std::uint8_t, 3>;

// Of the one font there is, in pixels at scale 1.
inline constexpr std::int64_t kGlyphWidth = 5;
inline constexpr std::int64_t kGlyphHeight = 7;
inline constexpr std::int64_t kGlyphAdvance = 6;

/// Pixels that draw_text takes from left to right.
std::int64_t bitmap_text_width(const std::string& text, std::int64_t scale);

/// Writes `text` into `ground`, uint8 (height, width, 3). ASCII and the middle dot have pictures,
/// other characters are empty boxes. What lies outside of `ground` is left out.
void draw_text(Tensor& ground, const std::string& text, std::int64_t top, std::int64_t left,
               std::int64_t scale, Color color);

}  // namespace tenon::report
