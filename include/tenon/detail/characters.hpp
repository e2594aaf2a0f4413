#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// How single characters of names are looked at: one set of rules for the library, which reads
/// names while it runs, and for tenon/static.hpp, which reads them while it is compiled.
namespace tenon::names {

/// A byte that is no part of well-formed UTF-8 is the code point kInvalidByte + the byte.
inline constexpr char32_t kInvalidByte = 0x110000;

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
constexpr bool within(const std::array<Range, N>& ranges, char32_t c) noexcept {
  for (const Range& range : ranges) {
    if (range.first <= c && c <= range.last) return true;
  }
  return false;
}

inline constexpr std::array<Range, 8> kBlankRanges = {{{0x09, 0x0D},
                                                       {0x20, 0x20},
                                                       {0x85, 0x85},
                                                       {0xA0, 0xA0},
                                                       {0x1680, 0x1680},
                                                       {0x2000, 0x200A},
                                                       {0x2028, 0x2029},
                                                       {0x202F, 0x202F}}};
inline constexpr std::array<Range, 2> kWideBlankRanges = {{{0x205F, 0x205F}, {0x3000, 0x3000}}};

inline constexpr std::array<Range, 13> kInvisibleRanges = {{{0x00, 0x08},
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
inline constexpr std::array<Range, 3> kFurtherInvisibleRanges = {
    {{0xFFF9, 0xFFFB}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}}};

/// A character and the ASCII one that it looks like.
struct LookAlike {
  char32_t character;
  char ascii;
};

inline constexpr std::array<LookAlike, 84> kLookAlikes = {{
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

/// Letters that Latin-1 has with `mark` over them.
struct Composed {
  char32_t mark;
  std::u32string_view bases;
  std::u32string_view results;
};

inline constexpr std::array<Composed, 7> kComposed = {{
    {0x0300, U"AEIOUaeiou", U"ÀÈÌÒÙàèìòù"},
    {0x0301, U"AEIOUYaeiouy", U"ÁÉÍÓÚÝáéíóúý"},
    {0x0302, U"AEIOUaeiou", U"ÂÊÎÔÛâêîôû"},
    {0x0303, U"ANOano", U"ÃÑÕãñõ"},
    {0x0308, U"AEIOUaeiouy", U"ÄËÏÖÜäëïöüÿ"},
    {0x030A, U"Aa", U"Åå"},
    {0x0327, U"Cc", U"Çç"},
}};

/// The code point that starts at a byte of UTF-8 text, and its length in bytes.
struct Decoded {
  char32_t point;
  std::size_t length;
};

constexpr Decoded decode_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = byte(0);
  const Decoded invalid{kInvalidByte + lead, 1};
  if (lead < 0x80) return {static_cast<char32_t>(lead), 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return invalid;
  char32_t point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return invalid;
    point = (point << 6U) | (byte(i) & 0x3FU);
  }
  const char32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < least || point > 0x10FFFF || surrogate) return invalid;
  return {point, length};
}

/// Writes the code points of `text` to `points`, which has room for text.size(); how many there
/// are.
constexpr std::size_t decode(std::string_view text, std::span<char32_t> points) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = decode_at(text, at);
    points[count++] = decoded.point;
    at += decoded.length;
  }
  return count;
}

/// Blanks of ASCII and Unicode: space, tab, line ends, no-break space, em space, …
constexpr bool is_blank(char32_t c) noexcept {
  return within(kBlankRanges, c) || within(kWideBlankRanges, c);
}

/// Shows nothing and takes no room.
constexpr bool is_invisible(char32_t c) noexcept {
  return within(kInvisibleRanges, c) || within(kFurtherInvisibleRanges, c);
}

/// Mathematical letters and digits (bold, italic, script, …) to plain ones.
constexpr char32_t plain_mathematical(char32_t c) noexcept {
  if (c >= 0x1D400 && c <= 0x1D6A3) {
    const char32_t letter = (c - 0x1D400) % 52;
    return letter < 26 ? U'A' + letter : U'a' + (letter - 26);
  }
  if (c >= 0x1D7CE && c <= 0x1D7FF) return U'0' + (c - 0x1D7CE) % 10;
  return c;
}

/// The ASCII character that `c` looks like; `c` itself where there is none.
constexpr char32_t ascii_look_alike(char32_t c) noexcept {
  if (c < 0x80) return c;
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFEE0;
  if (c >= 0x1D400) return plain_mathematical(c);
  for (const LookAlike& pair : kLookAlikes) {
    if (pair.character == c) return static_cast<char32_t>(pair.ascii);
  }
  return c;
}

/// Lower case of ASCII, Latin, Greek, Cyrillic and full-width letters; `c` itself otherwise.
constexpr char32_t lower_case(char32_t c) noexcept {
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

/// The letter with `mark` over it; 0 where Latin-1 has none.
constexpr char32_t composed(char32_t letter, char32_t mark) noexcept {
  for (const Composed& row : kComposed) {
    if (row.mark != mark) continue;
    const std::size_t base = row.bases.find(letter);
    return base == std::u32string_view::npos ? 0 : row.results[base];
  }
  return 0;
}

/// Joins letters with the combining mark that follows them, in place; how many characters are left.
constexpr std::size_t compose(std::span<char32_t> points) noexcept {
  std::size_t count = 0;
  for (const char32_t c : points) {
    const char32_t joined = count == 0 ? 0 : composed(points[count - 1], c);
    if (joined == 0) {
      points[count++] = c;
    } else {
      points[count - 1] = joined;
    }
  }
  return count;
}

}  // namespace tenon::names
