#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/unicode.hpp"
#include "core/visible_text.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon {
namespace {

std::string escaped(char32_t c) {
  if (is_invalid_byte(c)) return fmt::format("\\x{:02x}", static_cast<unsigned>(c - kInvalidByte));
  switch (c) {
    case U'\t':
      return "\\t";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    default:
      break;
  }
  const auto value = static_cast<std::uint32_t>(c);
  return value > 0xFFFF ? fmt::format("\\U{:08x}", value) : fmt::format("\\u{:04x}", value);
}

bool shows_nothing(char32_t c) {
  return is_invalid_byte(c) || is_invisible(c) || is_combining_mark(c) ||
         (is_blank(c) && c != U' ');
}

/// A word of another script ("масса") is left as it is; a word that could be read as ASCII is not.
bool could_be_read_as_ascii(std::u32string_view text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) {
    return c < 0x80 || shows_nothing(c) || ascii_look_alike(c) < 0x80;
  });
}

bool has_ascii_letter(std::u32string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char32_t c) { return (c | 0x20U) >= U'a' && (c | 0x20U) <= U'z'; });
}

}  // namespace

std::string visible(std::string_view key) {
  constexpr char32_t kMiddleDot = 0xB7;
  const std::u32string points = decode_utf8(key);
  const std::size_t first = std::min(points.find_first_not_of(U' '), points.size());
  const std::size_t behind_last = points.find_last_not_of(U' ') + 1;
  const bool show_look_alikes = could_be_read_as_ascii(points) || has_ascii_letter(points);
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const char32_t c = points[i];
    const bool at_an_end = i < first || i >= behind_last;
    const bool look_alike = c >= 0x80 && ascii_look_alike(c) != c;
    if (c == U' ' && at_an_end) {
      text += encode_utf8({&kMiddleDot, 1});
    } else if (shows_nothing(c) || c == kMiddleDot || (look_alike && show_look_alikes)) {
      text += escaped(c);
    } else {
      text += encode_utf8({&c, 1});
    }
  }
  return text;
}

std::string quote_key(std::string_view key) { return fmt::format("\"{}\"", visible(key)); }

std::string printable(std::string_view text) {
  std::string out;
  for (const char32_t c : decode_utf8(text)) {
    const bool shown = c == U'\n' || c == U'\t' || !(is_invalid_byte(c) || is_invisible(c));
    out += shown && c != U'\r' ? encode_utf8({&c, 1}) : escaped(c);
  }
  return out;
}

}  // namespace tenon
