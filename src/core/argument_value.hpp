#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tenon {

struct ArgumentEntry;

/// A value of an argument as it stands in a file: TOML's and JSON's common ground.
struct ArgumentValue {
  using List = std::vector<ArgumentValue>;
  using Map = std::vector<ArgumentEntry>;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> value;
  int line = 0;  ///< Of the file it came from; 0: unknown.
};
/// An entry of a map; a std::pair of an incomplete type is more than clang 14 takes.
struct ArgumentEntry {
  ArgumentEntry(std::string key, ArgumentValue value)
      : first(std::move(key)), second(std::move(value)) {}
  std::string first;
  ArgumentValue second;
};
using ArgumentMap = ArgumentValue::Map;

/// As TOML writes it on one line: keys are quoted where TOML wants it, control and invisible
/// characters are escaped. A monostate is written as an empty text.
std::string to_toml(const ArgumentValue& value);
/// A text between quotes, as TOML writes it.
std::string toml_text(std::string_view text);
/// A key as TOML writes it: bare where that is legal.
std::string toml_key(std::string_view key);
/// A text between quotes, as C++ writes it.
std::string cpp_text(std::string_view text);

/// {"a", "b"} as a list of texts.
ArgumentValue text_list(const std::vector<std::string>& texts);
ArgumentValue integer_list(const std::vector<std::int64_t>& integers);

}  // namespace tenon
