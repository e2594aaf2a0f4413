#include "core/change.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tenon {
namespace {

std::string cpp_value(const ArgumentValue& value);

std::string cpp_list(const ArgumentValue::List& list) {
  std::string out;
  for (const ArgumentValue& entry : list) out += (out.empty() ? "" : ", ") + cpp_value(entry);
  return "{" + out + "}";
}

std::string cpp_map(const ArgumentValue::Map& map) {
  std::string out;
  for (const auto& [key, entry] : map) {
    out += fmt::format("{}{{{}, {}}}", out.empty() ? "" : ", ", cpp_text(key), cpp_value(entry));
  }
  return "{" + out + "}";
}

std::string cpp_value(const ArgumentValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return cpp_text(*text);
  if (const auto* list = std::get_if<ArgumentValue::List>(&value.value)) return cpp_list(*list);
  if (const auto* map = std::get_if<ArgumentValue::Map>(&value.value)) return cpp_map(*map);
  return to_toml(value);
}

std::string dtype_constant(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kNames = {
      {{"float32", "kFloat32"}, {"int64", "kInt64"}, {"uint8", "kUInt8"}}};
  for (const auto& [word, constant] : kNames) {
    if (word == name) return fmt::format("DType::{}", constant);
  }
  return fmt::format("*dtype_from_name({})", cpp_text(name));
}

}  // namespace

std::string stage_toml(const Change& change) {
  ArgumentMap all{{"op", {change.op, 0}}};
  all.insert(all.end(), change.arguments.begin(), change.arguments.end());
  return to_toml({std::move(all), 0});
}

std::string stage_cpp(const Change& change) {
  // In the order of the call's parameters, which is that of the registry's required arguments.
  std::string out;
  for (const auto& [name, value] : change.arguments) {
    const auto* text = std::get_if<std::string>(&value.value);
    const bool dtype = name == "dtype" && text != nullptr;
    out += fmt::format("{}{}", out.empty() ? "" : ", ",
                       dtype ? dtype_constant(*text) : cpp_value(value));
  }
  return fmt::format(".{}({})", change.op, out);
}

}  // namespace tenon
