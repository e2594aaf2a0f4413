#include "core/argument_value.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/unicode.hpp"

namespace tenon {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// Characters that a reader would not see, or would take for others, are told by their number.
bool is_deceptive(char32_t c) {
  return is_invisible(c) || is_combining_mark(c) || (is_blank(c) && c != U' ') ||
         (c >= 0x80 && !is_invalid_byte(c) && ascii_look_alike(c) != c);
}

std::string escaped(char32_t c) {
  if (c == U'\n') return "\\n";
  if (c == U'\t') return "\\t";
  const auto number = static_cast<std::uint32_t>(c);
  return number > 0xFFFF ? fmt::format("\\U{:08X}", number) : fmt::format("\\u{:04X}", number);
}

/// Between quotes; TOML and C++ read the same escapes.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char32_t c : decode_utf8(text)) {
    if (c == U'"' || c == U'\\') out += '\\';
    out += is_deceptive(c) ? escaped(c) : encode_utf8({&c, 1});
  }
  return out + "\"";
}

/// As TOML wants it: a float has a point or an exponent.
std::string toml_number(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".einf") == std::string::npos) text += ".0";
  return text;
}

std::string toml_list(const ArgumentValue::List& list) {
  std::string out;
  for (const ArgumentValue& entry : list) out += (out.empty() ? "" : ", ") + to_toml(entry);
  return "[" + out + "]";
}

std::string toml_map(const ArgumentValue::Map& map) {
  std::string out;
  for (const auto& [key, entry] : map) {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", toml_key(key), to_toml(entry));
  }
  return out.empty() ? "{}" : "{ " + out + " }";
}

}  // namespace

std::string toml_text(std::string_view text) { return quoted(text); }

std::string toml_key(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), is_bare);
  return bare ? std::string(key) : toml_text(key);
}

std::string cpp_text(std::string_view text) { return quoted(text); }

std::string to_toml(const ArgumentValue& value) {
  if (const auto* boolean = std::get_if<bool>(&value.value)) return *boolean ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value.value))
    return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value.value)) return toml_number(*number);
  if (const auto* list = std::get_if<ArgumentValue::List>(&value.value)) return toml_list(*list);
  if (const auto* map = std::get_if<ArgumentValue::Map>(&value.value)) return toml_map(*map);
  const auto* text = std::get_if<std::string>(&value.value);
  return toml_text(text == nullptr ? std::string_view() : std::string_view(*text));
}

ArgumentValue text_list(const std::vector<std::string>& texts) {
  ArgumentValue::List list;
  for (const std::string& text : texts) list.push_back({text, 0});
  return {std::move(list), 0};
}

ArgumentValue integer_list(const std::vector<std::int64_t>& integers) {
  ArgumentValue::List list;
  for (const std::int64_t integer : integers) list.push_back({integer, 0});
  return {std::move(list), 0};
}

}  // namespace tenon
