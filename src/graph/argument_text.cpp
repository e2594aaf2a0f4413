#include "graph/argument_text.hpp"

#include <fmt/format.h>

#include <limits>
#include <type_traits>

#include "graph/initializer_table.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon::graph {
namespace {

std::string text(bool value) { return value ? "true" : "false"; }
std::string text(int value) { return std::to_string(value); }
std::string text(std::int64_t value) { return std::to_string(value); }
std::string text(double value) { return fmt::format("{}", value); }
std::string text(const std::string& value) { return quote_key(value); }
std::string text(const Dim& value) { return value.to_string(); }
std::string text(DType value) { return std::string(name_of(value)); }
std::string text(const Pair& value) { return fmt::format("{{{}, {}}}", value.height, value.width); }
std::string text(const Padding2D& value) {
  return fmt::format("{{{{{}, {}}}, {{{}, {}}}}}", value.top, value.bottom, value.left,
                     value.right);
}
std::string text(const Triple& value) {
  return fmt::format("{{{}, {}, {}}}", value.depth, value.height, value.width);
}
std::string text(const Padding3D& value) {
  return fmt::format("{{{{{}, {}}}, {{{}, {}}}, {{{}, {}}}}}", value.front, value.back, value.top,
                     value.bottom, value.left, value.right);
}
std::string text(const Regularizer& value) {
  return value.active() ? fmt::format("Regularizer({}, {})", value.l1, value.l2) : "none";
}
std::string text(const Initializer& value) {
  std::string arguments;
  for (const auto& [name, number] : value.arguments()) {
    arguments += fmt::format("{}{}", arguments.empty() ? "" : ", ", number);
  }
  if (arguments.empty()) return quote_key(find_initializer(value.class_name())->word);
  return fmt::format("initializers::{}({})", value.class_name(), arguments);
}
template <class T>
std::string text(const std::optional<T>& value) {
  return value ? text(*value) : "none";
}
template <class T>
std::string text(const std::vector<T>& values) {
  std::string list;
  for (const T& value : values) list += (list.empty() ? "" : ", ") + text(value);
  return "{" + list + "}";
}

/// A seed may be any integer; all other integers are sizes, counts or axes.
bool holds_sizes(const ArgumentReference& value) {
  const auto is_one_of = [&]<class... Types>(std::variant<Types...>*) {
    return (std::holds_alternative<Types>(value) || ...);
  };
  return is_one_of(
      static_cast<std::variant<int*, std::int64_t*, Pair*, Triple*, std::optional<Pair>*,
                               std::optional<Triple>*, std::vector<std::int64_t>*, Padding2D*,
                               Padding3D*>*>(nullptr));
}

}  // namespace

std::string text_of(const ArgumentReference& value) {
  return std::visit([](const auto* pointer) { return text(*pointer); }, value);
}

Rule rule_of(const Argument& argument, const ArgumentReference& value) {
  constexpr double kLargest = std::numeric_limits<std::int32_t>::max();
  if (!holds_sizes(value)) return argument.rule;
  for (const double number : numbers_of(value)) {
    if (number > kLargest) {
      return {fmt::format("at most {}", kLargest), [](const ArgumentReference&) { return false; }};
    }
  }
  return argument.rule;
}

}  // namespace tenon::graph
