#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tenon::mutation {

/// An argument as it will stand in the file. Keys of data are texts, lists or maps of texts, so
/// that a mutation finds and changes them; all else is TOML as it is.
struct Value {
  enum class Kind { kRaw, kText, kTexts, kMap };
  Kind kind = Kind::kRaw;
  std::string text;
  std::vector<std::string> texts;
  std::vector<std::pair<std::string, std::string>> map;
};

Value raw(std::string toml);
Value text(std::string value);
Value texts(std::vector<std::string> values);
Value text_map(std::vector<std::pair<std::string, std::string>> map);
/// [12, 16]
Value numbers(const std::vector<std::int64_t>& values);

/// A key of a table, quoted where it must be.
std::string toml_key(const std::string& key);
std::string toml_string(const std::string& value);
std::string to_toml(const Value& value);

}  // namespace tenon::mutation
