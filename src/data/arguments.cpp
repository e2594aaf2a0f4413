#include "data/arguments.hpp"

#include <fmt/format.h>

#include "core/byte_size.hpp"
#include "core/word_error.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

template <class T>
const T* as(const ArgumentValue& value) {
  return std::get_if<T>(&value.value);
}

std::string text_of_number(double number, bool as_written) {
  return as_written ? fmt::format("{:#}", number) : fmt::format("{}", number);
}

/// `as_written`: a number that is no whole one for the file stays one: 32.0.
std::string text_of(const ArgumentValue& value, bool as_written) {
  if (const auto* boolean = as<bool>(value)) return *boolean ? "true" : "false";
  if (const auto* integer = as<std::int64_t>(value)) return std::to_string(*integer);
  if (const auto* number = as<double>(value)) return text_of_number(*number, as_written);
  if (const auto* text = as<std::string>(value)) return quote_key(*text);
  std::string out;
  if (const auto* list = as<ArgumentValue::List>(value)) {
    for (const ArgumentValue& entry : *list)
      out += (out.empty() ? "" : ", ") + text_of(entry, as_written);
    return "[" + out + "]";
  }
  if (const auto* map = as<ArgumentValue::Map>(value)) {
    for (const auto& [key, entry] : *map) {
      out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", key, text_of(entry, as_written));
    }
    return "{ " + out + " }";
  }
  return "nothing";
}

std::optional<double> as_number(const ArgumentValue& value) {
  if (const auto* integer = as<std::int64_t>(value)) return static_cast<double>(*integer);
  if (const auto* number = as<double>(value)) return *number;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Interpolation interpolation) noexcept {
  switch (interpolation) {
    case Interpolation::kNearest:
      return "nearest";
    case Interpolation::kArea:
      return "area";
    case Interpolation::kBilinear:
      break;
  }
  return "bilinear";
}

std::string to_text(const ArgumentValue& value) { return text_of(value, false); }

std::string written_text(const ArgumentValue& value) { return text_of(value, true); }

const ArgumentValue* Arguments::find(std::string_view name) const {
  for (const auto& [key, value] : given_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Arguments::reject(std::string_view name, const std::string& expected) const {
  const ArgumentValue* value = find(name);
  throw_argument_error(std::string(owner_),
                       value == nullptr ? fmt::format("no {}", name)
                                        : fmt::format("{} = {}", name, written_text(*value)),
                       expected);
}

const ArgumentValue& Arguments::required(std::string_view name) const {
  const ArgumentValue* value = find(name);
  if (value == nullptr) reject(name, fmt::format("the argument {}", name));
  return *value;
}

bool Arguments::is_text(std::string_view name) const {
  const ArgumentValue* value = find(name);
  return value != nullptr && as<std::string>(*value) != nullptr;
}

bool Arguments::boolean(std::string_view name, bool otherwise) const {
  if (!has(name)) return otherwise;
  const auto* value = as<bool>(required(name));
  if (value == nullptr) reject(name, "true or false");
  return *value;
}

std::int64_t Arguments::integer(std::string_view name) const {
  const auto* value = as<std::int64_t>(required(name));
  if (value == nullptr) reject(name, "a whole number");
  return *value;
}

std::int64_t Arguments::integer(std::string_view name, std::int64_t otherwise) const {
  return has(name) ? integer(name) : otherwise;
}

double Arguments::number(std::string_view name, double otherwise) const {
  if (!has(name)) return otherwise;
  const auto value = as_number(required(name));
  if (!value) reject(name, "a number");
  return *value;
}

std::string Arguments::text(std::string_view name) const {
  const auto* value = as<std::string>(required(name));
  if (value == nullptr) reject(name, "a text");
  return *value;
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
  return has(name) ? text(name) : std::string(otherwise);
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  const auto* list = as<ArgumentValue::List>(required(name));
  if (list == nullptr) reject(name, "a list of texts");
  std::vector<std::string> texts;
  for (const ArgumentValue& entry : *list) {
    const auto* text = as<std::string>(entry);
    if (text == nullptr) reject(name, "a list of texts");
    texts.push_back(*text);
  }
  return texts;
}

std::vector<std::string> Arguments::text_or_texts(std::string_view name) const {
  if (const auto* text = as<std::string>(required(name))) return {*text};
  return texts(name);
}

std::vector<std::int64_t> Arguments::integers(std::string_view name) const {
  const auto* list = as<ArgumentValue::List>(required(name));
  if (list == nullptr) reject(name, "a list of whole numbers");
  std::vector<std::int64_t> integers;
  for (const ArgumentValue& entry : *list) {
    const auto* integer = as<std::int64_t>(entry);
    if (integer == nullptr) reject(name, "a list of whole numbers");
    integers.push_back(*integer);
  }
  return integers;
}

std::vector<double> Arguments::numbers(std::string_view name) const {
  const ArgumentValue& value = required(name);
  if (const auto number = as_number(value)) return {*number};
  const auto* list = as<ArgumentValue::List>(value);
  if (list == nullptr) reject(name, "a number or a list of numbers");
  std::vector<double> numbers;
  for (const ArgumentValue& entry : *list) {
    const auto number = as_number(entry);
    if (!number) reject(name, "a number or a list of numbers");
    numbers.push_back(*number);
  }
  return numbers;
}

std::array<double, 2> Arguments::interval(std::string_view name) const {
  const std::vector<double> given = numbers(name);
  if (given.size() == 2) return {given[0], given[1]};
  throw_argument_error(std::string(owner_), fmt::format("{} has {} numbers", name, given.size()),
                       "[lowest, highest]");
}

std::array<double, 2> Arguments::interval(std::string_view name,
                                          std::array<double, 2> otherwise) const {
  return has(name) ? interval(name) : otherwise;
}

KeyMap Arguments::text_map(std::string_view name) const {
  const auto* map = as<ArgumentValue::Map>(required(name));
  if (map == nullptr) reject(name, "a table of texts: { old = \"new\" }");
  KeyMap result;
  for (const auto& [key, value] : *map) {
    const auto* text = as<std::string>(value);
    if (text == nullptr) reject(name, "a table of texts: { old = \"new\" }");
    result.emplace_back(key, *text);
  }
  return result;
}

std::vector<std::string> Arguments::any_texts(std::string_view name) const {
  const auto* list = as<ArgumentValue::List>(required(name));
  if (list == nullptr) reject(name, "a list of texts, numbers or booleans");
  std::vector<std::string> texts;
  for (const ArgumentValue& entry : *list) {
    const auto* text = as<std::string>(entry);
    texts.push_back(text != nullptr ? *text : to_text(entry));
  }
  return texts;
}

std::int64_t Arguments::byte_count(std::string_view name, std::int64_t otherwise) const {
  const ArgumentValue* value = find(name);
  if (value == nullptr) return otherwise;
  if (const auto* bytes = as<std::int64_t>(*value); bytes != nullptr && *bytes >= 0) return *bytes;
  const auto* text = as<std::string>(*value);
  if (text != nullptr && text->empty()) return otherwise;
  const auto bytes = text != nullptr ? parse_bytes(*text) : std::nullopt;
  if (!bytes) reject(name, "\"1 GB\", or a number of bytes");
  return *bytes;
}

Size2D Arguments::size(std::string_view name) const {
  const std::vector<std::int64_t> sizes = integers(name);
  if (sizes.size() != 2) reject(name, "[height, width]");
  return {sizes[0], sizes[1]};
}

Size2D Arguments::size(std::string_view name, Size2D otherwise) const {
  return has(name) ? size(name) : otherwise;
}

std::array<std::string, 4> Arguments::box(std::string_view name) const {
  const std::vector<std::string> keys = texts(name);
  if (keys.size() != 4) reject(name, "four keys: [\"xmin\", \"ymin\", \"xmax\", \"ymax\"]");
  return {keys[0], keys[1], keys[2], keys[3]};
}

Interpolation Arguments::interpolation(std::string_view name, Interpolation otherwise) const {
  if (!has(name)) return otherwise;
  const std::string word = text(name);
  std::vector<std::string> known;
  for (const auto value :
       {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
    if (word == name_of(value)) return value;
    known.emplace_back(name_of(value));
  }
  throw_word_error(std::string(owner_), fmt::format("{} = ", name), word, known);
}

}  // namespace tenon::data
