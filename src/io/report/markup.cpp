#include "io/report/markup.hpp"

#include "core/unicode.hpp"

namespace tenon::report {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The characters of XML 1.0, section 2.2.
bool has_place_in_xml(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return !is_invalid_byte(c) && c != 0xFFFE && c != 0xFFFF && !(c >= 0xD800 && c <= 0xDFFF);
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char32_t c : decode_utf8(text)) {
    switch (c) {
      case U'&':
        out += "&amp;";
        break;
      case U'<':
        out += "&lt;";
        break;
      case U'>':
        out += "&gt;";
        break;
      case U'"':
        out += "&quot;";
        break;
      case U'\'':
        out += "&#39;";
        break;
      default: {
        const char32_t shown = has_place_in_xml(c) ? c : kReplacement;
        out += encode_utf8({&shown, 1});
      }
    }
  }
  return out;
}

std::string dot_text(std::string_view text) {
  std::string out;
  for (const char32_t c : decode_utf8(text)) {
    if (c == U'"' || c == U'\\') out += '\\';
    if (c == U'&') {
      out += "&amp;";  // Graphviz reads HTML's entities in labels.
    } else if (c == U'\n') {
      out += "\\n";
    } else {
      const char32_t shown = is_invalid_byte(c) || c < 0x20 ? kReplacement : c;
      out += encode_utf8({&shown, 1});
    }
  }
  return out;
}

}  // namespace tenon::report
