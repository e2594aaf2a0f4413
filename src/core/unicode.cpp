#include "core/unicode.hpp"

#include <array>

#include "tenon/detail/characters.hpp"

namespace tenon {
namespace {

static_assert(kInvalidByte == names::kInvalidByte);

constexpr std::array<names::Range, 8> kWide = {{{0x1100, 0x115F},
                                                {0x2E80, 0x303E},
                                                {0x3041, 0xA4CF},
                                                {0xAC00, 0xD7A3},
                                                {0xF900, 0xFAFF},
                                                {0xFF01, 0xFF60},
                                                {0x1F300, 0x1FAFF},
                                                {0x20000, 0x3FFFD}}};

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t value) { out += static_cast<char>(value & 0xFFU); };
  if (is_invalid_byte(c)) {
    put(c - kInvalidByte);
  } else if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string points(text.size(), U'\0');
  points.resize(names::decode(text, points));
  return points;
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

bool is_blank(char32_t c) noexcept { return names::is_blank(c); }

bool is_invisible(char32_t c) noexcept { return names::is_invisible(c); }

bool is_combining_mark(char32_t c) noexcept { return c >= 0x0300 && c <= 0x036F; }

char32_t ascii_look_alike(char32_t c) noexcept { return names::ascii_look_alike(c); }

char32_t lower_case(char32_t c) noexcept { return names::lower_case(c); }

std::u32string compose(std::u32string_view text) {
  std::u32string points(text);
  points.resize(names::compose(points));
  return points;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char32_t c : decode_utf8(text)) {
    if (is_combining_mark(c) || is_invisible(c)) continue;
    width += names::within(kWide, c) ? 2 : 1;
  }
  return width;
}

}  // namespace tenon
