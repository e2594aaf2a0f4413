#include "io/readers/xml_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace tenon::readers {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

/// The character of "&#65;" or "&#x41;" in UTF-8.
std::string numbered_character(std::string_view digits) {
  const bool hexadecimal = digits.starts_with('x');
  if (hexadecimal) digits.remove_prefix(1);
  std::uint32_t code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
  const auto part = [&](unsigned shift, unsigned mark, unsigned mask) {
    return static_cast<char>(mark | ((code >> shift) & mask));
  };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {part(6, 0xC0, 0x1F), part(0, 0x80, 0x3F)};
  if (code < 0x10000) return {part(12, 0xE0, 0x0F), part(6, 0x80, 0x3F), part(0, 0x80, 0x3F)};
  return {part(18, 0xF0, 0x07), part(12, 0x80, 0x3F), part(6, 0x80, 0x3F), part(0, 0x80, 0x3F)};
}

/// The end of a tag that begins at `at`: a '>' that stands in no quotes; npos if there is none.
std::size_t end_of_tag(std::string_view xml, std::size_t at) {
  char quote = 0;
  for (; at < xml.size(); ++at) {
    const char c = xml[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return at;
    }
  }
  return std::string_view::npos;
}

/// As first_tag(), from `at` on, which is then left behind the tag.
std::optional<std::string_view> next_tag(std::string_view xml, std::string_view name,
                                         std::size_t& at) {
  constexpr std::string_view kComment = "<!--";
  constexpr std::string_view kCommentEnd = "-->";
  while ((at = xml.find('<', at)) < xml.size()) {
    const bool comment = xml.substr(at).starts_with(kComment);
    const std::size_t end = comment ? xml.find(kCommentEnd, at) : end_of_tag(xml, at);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view tag = xml.substr(at + 1, end - at - 1);
    at = end + 1;
    if (comment) continue;
    const std::size_t word = std::min(tag.find_first_of(kSpaces), tag.size());
    const std::size_t space = tag.substr(0, word).rfind(':');
    if (space != std::string_view::npos) tag.remove_prefix(space + 1);
    if (!tag.starts_with(name)) continue;
    tag.remove_prefix(name.size());
    if (tag.empty() || tag.front() == '/' || kSpaces.find(tag.front()) < kSpaces.size()) return tag;
  }
  return std::nullopt;
}

}  // namespace

std::string plain_text(std::string_view xml) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNames = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  std::string text;
  while (!xml.empty()) {
    const std::size_t mark = xml.find('&');
    text += xml.substr(0, mark);
    if (mark == std::string_view::npos) break;
    const std::size_t end = xml.find(';', mark);
    if (end == std::string_view::npos) return text += xml.substr(mark);
    const std::string_view name = xml.substr(mark + 1, end - mark - 1);
    const auto* const known = std::find_if(kNames.begin(), kNames.end(),
                                           [&](const auto& each) { return each.first == name; });
    if (known != kNames.end()) {
      text += known->second;
    } else if (name.starts_with('#')) {
      text += numbered_character(name.substr(1));
    }
    xml.remove_prefix(end + 1);
  }
  return text;
}

std::optional<std::string_view> first_tag(std::string_view xml, std::string_view name) {
  std::size_t at = 0;
  return next_tag(xml, name, at);
}

std::optional<std::string_view> second_tag(std::string_view xml, std::string_view name) {
  std::size_t at = 0;
  return next_tag(xml, name, at) ? next_tag(xml, name, at) : std::nullopt;
}

std::optional<std::string> attribute_of(std::string_view tag, std::string_view name) {
  while (!tag.empty()) {
    tag.remove_prefix(std::min(tag.find_first_not_of(kSpaces), tag.size()));
    const std::size_t equal = tag.find('=');
    if (equal == std::string_view::npos) return std::nullopt;
    std::string_view found = tag.substr(0, equal);
    found = found.substr(0, found.find_first_of(kSpaces));
    tag.remove_prefix(equal + 1);
    tag.remove_prefix(std::min(tag.find_first_not_of(kSpaces), tag.size()));
    if (tag.empty() || (tag.front() != '"' && tag.front() != '\'')) return std::nullopt;
    const std::size_t end = tag.find(tag.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    if (found == name) return plain_text(tag.substr(1, end - 1));
    tag.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace tenon::readers
