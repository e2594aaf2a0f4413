#include "toml_text.hpp"

#include <algorithm>
#include <cctype>

namespace tenon::mutation {
namespace {

template <class Entries, class Write>
std::string joined(const Entries& entries, Write write) {
  std::string out;
  for (const auto& entry : entries) out += (out.empty() ? "" : ", ") + write(entry);
  return out;
}

}  // namespace

Value raw(std::string toml) { return {Value::Kind::kRaw, std::move(toml), {}, {}}; }
Value text(std::string value) { return {Value::Kind::kText, std::move(value), {}, {}}; }
Value texts(std::vector<std::string> values) {
  return {Value::Kind::kTexts, {}, std::move(values), {}};
}
Value text_map(std::vector<std::pair<std::string, std::string>> map) {
  return {Value::Kind::kMap, {}, {}, std::move(map)};
}
Value numbers(const std::vector<std::int64_t>& values) {
  return raw("[" + joined(values, [](std::int64_t value) { return std::to_string(value); }) + "]");
}

std::string toml_string(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
  return bare ? key : toml_string(key);
}

std::string to_toml(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kRaw:
      return value.text;
    case Value::Kind::kText:
      return toml_string(value.text);
    case Value::Kind::kTexts:
      return "[" + joined(value.texts, toml_string) + "]";
    case Value::Kind::kMap:
      break;
  }
  return "{ " +
         joined(value.map,
                [](const auto& entry) {
                  return toml_key(entry.first) + " = " + toml_string(entry.second);
                }) +
         " }";
}

}  // namespace tenon::mutation
