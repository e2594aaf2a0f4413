#include "cli/toml_tree.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <charconv>

#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

using data::ArgumentValue;

[[noreturn]] void fail(const std::string& message, const std::string& file, int line,
                       const std::string& fix) {
  Diagnostic out = make_diagnostic("C001", message, {}, fix);
  out.stage = StageReference{-1, "experiment file", {intern_file(file.c_str()), line}};
  throw FormatError(std::move(out));
}

ArgumentValue convert(const toml::node& node, const std::string& file);

ArgumentValue::Map convert_table(const toml::table& table, const std::string& file) {
  ArgumentValue::Map map;
  for (const auto& [key, value] : table)
    map.emplace_back(std::string(key.str()), convert(value, file));
  return map;
}

ArgumentValue::List convert_array(const toml::array& array, const std::string& file) {
  ArgumentValue::List list;
  for (const auto& value : array) list.push_back(convert(value, file));
  return list;
}

ArgumentValue convert(const toml::node& node, const std::string& file) {
  ArgumentValue out;
  out.line = static_cast<int>(node.source().begin.line);
  if (const auto* table = node.as_table()) {
    out.value = convert_table(*table, file);
  } else if (const auto* array = node.as_array()) {
    out.value = convert_array(*array, file);
  } else if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.value = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.value = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.value = boolean->get();
  } else {
    fail(fmt::format("{}:{}: a date or time stands where no argument takes one", file, out.line),
         file, out.line, "write it as text, between quotes");
  }
  return out;
}

[[noreturn]] void fail_set(const std::string& assignment, const std::string& message,
                           const std::string& fix) {
  throw FormatError(
      make_diagnostic("C001", fmt::format("--set {}: {}", assignment, message), {}, fix));
}

/// The entry `key` of `parent`, made at `line` if it is not there.
ArgumentValue* child_of(ArgumentValue& parent, const std::string& key,
                        const std::string& assignment, int line) {
  if (auto* list = std::get_if<ArgumentValue::List>(&parent.value)) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error == std::errc() && end == key.data() + key.size() && index < list->size())
      return &(*list)[index];
    fail_set(assignment, fmt::format("\"{}\" is no entry of a list of {}", key, list->size()),
             "entries count from 0");
  }
  if (std::holds_alternative<std::monostate>(parent.value)) parent.value = ArgumentValue::Map{};
  auto* map = std::get_if<ArgumentValue::Map>(&parent.value);
  if (map == nullptr) {
    fail_set(assignment, fmt::format("what stands before \"{}\" is no table", key),
             "give the path as in the file: fit.epochs=1");
  }
  for (auto& [name, value] : *map) {
    if (name == key) return &value;
  }
  map->emplace_back(key, ArgumentValue{{}, line});
  return &map->back().second;
}

void set_lines(ArgumentValue& value, int line) {
  value.line = line;
  if (auto* list = std::get_if<ArgumentValue::List>(&value.value)) {
    for (ArgumentValue& inner : *list) set_lines(inner, line);
  }
  if (auto* map = std::get_if<ArgumentValue::Map>(&value.value)) {
    for (auto& [key, inner] : *map) set_lines(inner, line);
  }
}

/// What is no TOML is a text: quotes are a nuisance in a shell.
ArgumentValue parse_value(const std::string& text, const std::string& assignment) {
  try {
    const toml::table table = toml::parse("value = " + text);
    return convert(*table.get("value"), "--set " + assignment);
  } catch (const toml::parse_error&) {
    return ArgumentValue{text, 0};
  }
}

}  // namespace

data::ArgumentValue parse_toml(const std::string& text, const std::string& file) {
  try {
    const toml::table table = toml::parse(text, file);
    ArgumentValue root;
    root.value = convert_table(table, file);
    root.line = 1;
    return root;
  } catch (const toml::parse_error& error) {
    const int line = static_cast<int>(error.source().begin.line);
    fail(fmt::format("{}:{}: this is not TOML: {}", file, line, error.description()), file, line,
         "mend the line");
  }
}

void set_value(data::ArgumentValue& root, const std::string& assignment, int line) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    fail_set(assignment, "there is no path=value", "write --set fit.epochs=1");
  const std::string path = assignment.substr(0, equals);
  ArgumentValue* place = &root;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    place = child_of(*place, path.substr(begin, dot - begin), assignment, line);
    begin = dot + 1;
  }
  *place = parse_value(assignment.substr(equals + 1), assignment);
  set_lines(*place, line);
}

}  // namespace tenon::cli
