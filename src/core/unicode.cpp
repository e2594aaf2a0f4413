#include "core/unicode.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace tenon {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t c) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return range.first <= c && c <= range.last; });
}

constexpr std::array<Range, 8> kBlanks = {{{0x09, 0x0D},
                                           {0x20, 0x20},
                                           {0x85, 0x85},
                                           {0xA0, 0xA0},
                                           {0x1680, 0x1680},
                                           {0x2000, 0x200A},
                                           {0x2028, 0x2029},
                                           {0x202F, 0x202F}}};
constexpr std::array<Range, 2> kWideBlanks = {{{0x205F, 0x205F}, {0x3000, 0x3000}}};

constexpr std::array<Range, 13> kInvisible = {{{0x00, 0x08},
                                               {0x0E, 0x1F},
                                               {0x7F, 0x84},
                                               {0x86, 0x9F},
                                               {0xAD, 0xAD},
                                               {0x034F, 0x034F},
                                               {0x061C, 0x061C},
                                               {0x180B, 0x180E},
                                               {0x200B, 0x200F},
                                               {0x202A, 0x202E},
                                               {0x2060, 0x206F},
                                               {0xFE00, 0xFE0F},
                                               {0xFEFF, 0xFEFF}}};
constexpr std::array<Range, 3> kInvisibleFurther = {
    {{0xFFF9, 0xFFFB}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}}};

constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFF01, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

struct LookAlike {
  char32_t character;
  char ascii;
};

constexpr std::array<LookAlike, 84> kLookAlikes = {{
    {0x0131, 'i'},  {0x0184, 'b'},  {0x01C0, 'l'}, {0x0251, 'a'}, {0x0261, 'g'}, {0x0391, 'A'},
    {0x0392, 'B'},  {0x0395, 'E'},  {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'}, {0x039A, 'K'},
    {0x039C, 'M'},  {0x039D, 'N'},  {0x039F, 'O'}, {0x03A1, 'P'}, {0x03A4, 'T'}, {0x03A5, 'Y'},
    {0x03A7, 'X'},  {0x03B9, 'i'},  {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'},
    {0x03C5, 'u'},  {0x03F2, 'c'},  {0x03F3, 'j'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'},
    {0x0410, 'A'},  {0x0412, 'B'},  {0x0415, 'E'}, {0x041A, 'K'}, {0x041C, 'M'}, {0x041D, 'H'},
    {0x041E, 'O'},  {0x0420, 'P'},  {0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'}, {0x0425, 'X'},
    {0x0430, 'a'},  {0x0435, 'e'},  {0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'},
    {0x0445, 'x'},  {0x0455, 's'},  {0x0456, 'i'}, {0x0458, 'j'}, {0x04AE, 'Y'}, {0x04BB, 'h'},
    {0x04C0, 'I'},  {0x04CF, 'l'},  {0x0501, 'd'}, {0x051B, 'q'}, {0x051D, 'w'}, {0x0555, 'O'},
    {0x0561, 'w'},  {0x0570, 'h'},  {0x0578, 'n'}, {0x057D, 'u'}, {0x0581, 'g'}, {0x0585, 'o'},
    {0x2010, '-'},  {0x2011, '-'},  {0x2012, '-'}, {0x2013, '-'}, {0x2014, '-'}, {0x2015, '-'},
    {0x2018, '\''}, {0x2019, '\''}, {0x201C, '"'}, {0x201D, '"'}, {0x203F, '_'}, {0x2044, '/'},
    {0x2160, 'I'},  {0x2170, 'i'},  {0x2212, '-'}, {0x2215, '/'}, {0x212A, 'K'}, {0xFE63, '-'},
}};

struct Composed {
  char32_t mark;
  std::u32string_view bases;
  std::u32string_view results;
};

constexpr std::array<Composed, 7> kComposed = {{
    {0x0300, U"AEIOUaeiou", U"ÀÈÌÒÙàèìòù"},
    {0x0301, U"AEIOUYaeiouy", U"ÁÉÍÓÚÝáéíóúý"},
    {0x0302, U"AEIOUaeiou", U"ÂÊÎÔÛâêîôû"},
    {0x0303, U"ANOano", U"ÃÑÕãñõ"},
    {0x0308, U"AEIOUaeiouy", U"ÄËÏÖÜäëïöüÿ"},
    {0x030A, U"Aa", U"Åå"},
    {0x0327, U"Cc", U"Çç"},
}};

/// The length of the well-formed sequence that starts at `at`, and its code point.
std::optional<std::pair<std::size_t, char32_t>> sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return std::pair{std::size_t{1}, static_cast<char32_t>(lead)};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return std::nullopt;
  char32_t point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return std::nullopt;
    point = (point << 6U) | (byte(i) & 0x3FU);
  }
  const char32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
    return std::nullopt;
  }
  return std::pair{length, point};
}

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

/// Mathematical letters and digits (bold, italic, script, …) to plain ones.
char32_t plain_mathematical(char32_t c) noexcept {
  if (c >= 0x1D400 && c <= 0x1D6A3) {
    const char32_t letter = (c - 0x1D400) % 52;
    return letter < 26 ? U'A' + letter : U'a' + (letter - 26);
  }
  if (c >= 0x1D7CE && c <= 0x1D7FF) return U'0' + (c - 0x1D7CE) % 10;
  return c;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (const auto sequence = sequence_at(text, at)) {
      points += sequence->second;
      at += sequence->first;
    } else {
      points += kInvalidByte + static_cast<std::uint8_t>(text[at]);
      ++at;
    }
  }
  return points;
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

bool is_blank(char32_t c) noexcept { return within(kBlanks, c) || within(kWideBlanks, c); }

bool is_invisible(char32_t c) noexcept {
  return within(kInvisible, c) || within(kInvisibleFurther, c);
}

bool is_combining_mark(char32_t c) noexcept { return c >= 0x0300 && c <= 0x036F; }

char32_t ascii_look_alike(char32_t c) noexcept {
  if (c < 0x80) return c;
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFEE0;
  if (c >= 0x1D400) return plain_mathematical(c);
  const auto at = std::find_if(kLookAlikes.begin(), kLookAlikes.end(),
                               [c](const LookAlike& pair) { return pair.character == c; });
  return at == kLookAlikes.end() ? c : static_cast<char32_t>(at->ascii);
}

char32_t lower_case(char32_t c) noexcept {
  const auto between = [c](char32_t first, char32_t last) { return first <= c && c <= last; };
  if (between(U'A', U'Z') || between(0x0391, 0x03A9) || between(0x0410, 0x042F) ||
      between(0xFF21, 0xFF3A)) {
    return c + 32;
  }
  if (between(0x00C0, 0x00DE) && c != 0x00D7) return c + 32;
  if (between(0x0400, 0x040F)) return c + 80;
  if (between(0x0100, 0x012F) || between(0x0132, 0x0137) || between(0x014A, 0x0177) ||
      between(0x0460, 0x0481) || between(0x048A, 0x04BF) || between(0x04D0, 0x052F)) {
    return c | 1U;
  }
  if ((between(0x0139, 0x0148) || between(0x0179, 0x017E)) && c % 2 == 1) return c + 1;
  if (between(0x0531, 0x0556)) return c + 48;
  return c;
}

std::u32string compose(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    const auto row = std::find_if(kComposed.begin(), kComposed.end(),
                                  [c](const Composed& entry) { return entry.mark == c; });
    const std::size_t base = row == kComposed.end() || out.empty() ? std::u32string_view::npos
                                                                   : row->bases.find(out.back());
    if (base == std::u32string_view::npos) {
      out += c;
    } else {
      out.back() = row->results[base];
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char32_t c : decode_utf8(text)) {
    if (is_combining_mark(c) || is_invisible(c)) continue;
    width += within(kWide, c) ? 2 : 1;
  }
  return width;
}

}  // namespace tenon
