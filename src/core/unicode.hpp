#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenon {

/// The code points of UTF-8 text. A byte that is no part of well-formed UTF-8 becomes
/// kInvalidByte + the byte, so nothing is lost and nothing throws.
std::u32string decode_utf8(std::string_view text);
/// The reverse of decode_utf8, invalid bytes included.
std::string encode_utf8(std::u32string_view text);

inline constexpr char32_t kInvalidByte = 0x110000;
inline bool is_invalid_byte(char32_t c) noexcept { return c >= kInvalidByte; }

/// Blanks of ASCII and Unicode: space, tab, line ends, no-break space, em space, …
bool is_blank(char32_t c) noexcept;
/// Shows nothing and takes no room: zero-width characters, directional marks, soft hyphen,
/// byte order mark, variation selectors, and control characters that are not blanks.
bool is_invisible(char32_t c) noexcept;
/// A mark that is drawn over the character before it (U+0300 to U+036F).
bool is_combining_mark(char32_t c) noexcept;

/// The ASCII character that `c` looks like (Cyrillic, Greek, Armenian, full-width and mathematical
/// letters, dashes, quotes); `c` itself where there is none.
char32_t ascii_look_alike(char32_t c) noexcept;
/// Lower case of ASCII, Latin, Greek, Cyrillic and full-width letters; `c` itself otherwise.
char32_t lower_case(char32_t c) noexcept;
/// Letters followed by a combining mark become the one character for both where Latin-1 has it.
std::u32string compose(std::u32string_view text);

/// Columns that a terminal takes for `text`; East Asian wide characters take two.
std::size_t display_width(std::string_view text);

}  // namespace tenon
