#include "core/unicode.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Unicode, DecodesAndEncodesAllLengths) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(decode_utf8(text), U"a\u00E9\u20AC\U0001F600");
  EXPECT_EQ(encode_utf8(decode_utf8(text)), text);
}

TEST(Unicode, KeepsBytesThatAreNoUtf8) {
  // A lone continuation, a cut sequence, an overlong NUL, a surrogate, a lead above U+10FFFF.
  for (const std::string text :
       {"\x80", "\xE2\x82", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    const std::u32string points = decode_utf8(text);
    EXPECT_EQ(points.size(), text.size());
    for (const char32_t c : points) EXPECT_TRUE(is_invalid_byte(c));
    EXPECT_EQ(encode_utf8(points), text);
  }
}

TEST(Unicode, TellsBlanksFromInvisibles) {
  EXPECT_TRUE(is_blank(U' ') && is_blank(U'\u00A0') && is_blank(U'\u3000') && is_blank(U'\n'));
  EXPECT_FALSE(is_blank(U'\u200B'));
  EXPECT_TRUE(is_invisible(U'\u200B') && is_invisible(U'\uFEFF') && is_invisible(U'\u202E'));
  EXPECT_TRUE(is_invisible(0x1B));
  EXPECT_FALSE(is_invisible(U'a') || is_invisible(U' '));
}

TEST(Unicode, LookAlikesAndCase) {
  EXPECT_EQ(ascii_look_alike(U'\u0430'), U'a');
  EXPECT_EQ(ascii_look_alike(U'\u039F'), U'O');
  EXPECT_EQ(ascii_look_alike(U'\uFF33'), U'S');
  EXPECT_EQ(ascii_look_alike(U'\U0001D400'), U'A');
  EXPECT_EQ(ascii_look_alike(U'\u2013'), U'-');
  EXPECT_EQ(ascii_look_alike(U'\u00E9'), U'\u00E9');
  EXPECT_EQ(lower_case(U'\u00C4'), U'\u00E4');
  EXPECT_EQ(lower_case(U'\u0416'), U'\u0436');
  EXPECT_EQ(lower_case(U'\u00D7'), U'\u00D7') << "the multiplication sign is no letter";
}

TEST(Unicode, WidthCountsColumns) {
  EXPECT_EQ(display_width("small\u00B7"), 6U);
  EXPECT_EQ(display_width("\u5927"), 2U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
}

}  // namespace
}  // namespace tenon
