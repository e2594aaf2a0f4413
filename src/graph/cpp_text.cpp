#include "graph/cpp_text.hpp"

#include <fmt/format.h>

#include <cctype>

#include "graph/argument_text.hpp"
#include "graph/input_layer.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon::graph {
namespace {

/// Settings with the layer's positional arguments and the defaults of all others.
std::shared_ptr<void> defaults_of(const LayerObject& layer) {
  const LayerDescriptor& descriptor = layer.descriptor();
  std::shared_ptr<void> settings = descriptor.make_settings();
  for (const Argument& argument : descriptor.arguments) {
    if (argument.positional)
      copy_value(argument.member(layer.settings()), argument.member(settings.get()));
  }
  if (descriptor.settle) descriptor.settle(settings.get());
  return settings;
}

std::string input_text(const LayerObject& layer) {
  const InputSettings& settings = *static_cast<const InputSettings*>(layer.settings());
  std::string shape;
  for (std::size_t axis = 1; axis < settings.batch_shape.size(); ++axis) {
    const Dim& dim = settings.batch_shape[axis];
    shape += axis == 1 ? "" : ", ";
    shape += dim.known() ? dim.to_string() : "Dim::unknown()";
  }
  std::string options;
  if (!layer.has_provisional_name()) options = ".name = " + quote_key(layer.name());
  if (settings.dtype != DType::kFloat32) {
    constexpr const char* kWords[] = {"kFloat32", "kFloat64", "kBFloat16", "kInt8",
                                      "kInt16",   "kInt32",   "kInt64",    "kUInt8",
                                      "kUInt16",  "kBool",    "kString"};
    options += fmt::format("{}.dtype = DType::{}", options.empty() ? "" : ", ",
                           kWords[static_cast<std::size_t>(settings.dtype)]);
  }
  return options.empty() ? fmt::format("Input({{{}}})", shape)
                         : fmt::format("Input({{{}}}, {{{}}})", shape, options);
}

}  // namespace

std::string cpp_text(const LayerObject& layer) {
  if (layer.nested()) return cpp_identifier(layer.name());
  if (layer.is_input()) return input_text(layer);
  const std::shared_ptr<void> defaults = defaults_of(layer);
  std::string positional;
  std::string options;
  for (const Argument& argument : layer.descriptor().arguments) {
    if (!argument.member) continue;
    const ArgumentReference value = argument.member(layer.settings());
    if (argument.positional) {
      positional += (positional.empty() ? "" : ", ") + text_of(value);
    } else if (!equal_values(value, argument.member(defaults.get()))) {
      options +=
          fmt::format("{}.{} = {}", options.empty() ? "" : ", ", argument.name, text_of(value));
    }
  }
  if (!layer.has_provisional_name()) {
    options += fmt::format("{}.name = {}", options.empty() ? "" : ", ", quote_key(layer.name()));
  }
  if (!options.empty()) options = "{" + options + "}";
  const char* comma = positional.empty() || options.empty() ? "" : ", ";
  return fmt::format("{}({}{}{})", layer.class_name(), positional, comma, options);
}

std::string cpp_identifier(const std::string& name) {
  std::string identifier;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    identifier += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  if (identifier.empty() || std::isdigit(static_cast<unsigned char>(identifier.front())) != 0) {
    identifier = "x" + identifier;
  }
  return identifier;
}

}  // namespace tenon::graph
