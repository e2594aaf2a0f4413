#include "cli/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"

namespace tenon::cli {

using data::ArgumentValue;

namespace {

/// A known name that begins with `word`: "valid" for "validation".
std::optional<std::string> begun_by(const std::string& word,
                                    const std::vector<std::string>& known) {
  constexpr std::size_t kEnough = 3;
  if (word.size() < kEnough) return std::nullopt;
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const std::string& name) { return name.starts_with(word); });
  return found == known.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::string Problems::place(int line) const {
  if (line > 0) return fmt::format("{}:{}: ", file_, line);
  const auto set = static_cast<std::size_t>(-1 - line);
  if (line < 0 && set < sets_.size()) return fmt::format("--set {}: ", sets_[set]);
  return file_.empty() ? "" : file_ + ": ";
}

std::optional<StageReference> Problems::reference(int line) const {
  if (line <= 0) return std::nullopt;
  return StageReference{-1, "experiment file", {intern_file(file_.c_str()), line}};
}

void Problems::add(int line, const std::string& message, const std::string& fix,
                   const std::string& nearest) {
  Diagnostic out = make_diagnostic("C001", place(line) + message, {}, fix);
  out.stage = reference(line);
  out.candidate = nearest;
  all_.push_back(std::move(out));
}

void Problems::add(Diagnostic diagnostic) {
  const int line = diagnostic.stage ? diagnostic.stage->location.line : 0;
  if (line < 0) {
    diagnostic.message = place(line) + diagnostic.message;
    diagnostic.stage = reference(line);
  }
  all_.push_back(std::move(diagnostic));
}

void Problems::add(const Error& error, int line) {
  for (Diagnostic problem : error.diagnostics()) {
    problem.message = place(line) + problem.message;
    problem.code = "C001";
    problem.stage = reference(line);
    all_.push_back(std::move(problem));
  }
}

void Problems::unknown(int line, std::string_view what, const std::string& word,
                       const std::vector<std::string>& known) {
  auto nearest = nearest_name(word, known);
  if (!nearest) nearest = begun_by(word, known);
  const std::string fix = nearest ? fmt::format("write {}", quote_key(*nearest))
                                  : fmt::format("known are {}", list_names(known, 40));
  add(line, fmt::format("unknown {} {}", what, quote_key(word)), fix, nearest.value_or(""));
}

int line_of(const ArgumentValue& value) {
  const auto first_set = [](int known, const ArgumentValue& inner) {
    return known < 0 ? known : std::min(line_of(inner), 0);
  };
  int set = std::min(value.line, 0);
  if (const auto* list = std::get_if<ArgumentValue::List>(&value.value)) {
    for (const ArgumentValue& inner : *list) set = first_set(set, inner);
  }
  if (const auto* map = std::get_if<data::ArgumentMap>(&value.value)) {
    for (const auto& [key, inner] : *map) set = first_set(set, inner);
  }
  return set < 0 ? set : value.line;
}

std::string_view type_word(const ArgumentValue& value) {
  switch (value.value.index()) {
    case 1:
      return "true or false";
    case 2:
      return "a whole number";
    case 3:
      return "a number";
    case 4:
      return "a text";
    case 5:
      return "a list";
    case 6:
      return "a table";
    default:
      return "nothing";
  }
}

std::optional<std::vector<double>> as_numbers(const ArgumentValue& value) {
  const auto* list = std::get_if<ArgumentValue::List>(&value.value);
  if (list == nullptr) return std::nullopt;
  std::vector<double> out;
  for (const ArgumentValue& entry : *list) {
    if (const auto* integer = std::get_if<std::int64_t>(&entry.value)) {
      out.push_back(static_cast<double>(*integer));
    } else if (const auto* number = std::get_if<double>(&entry.value)) {
      out.push_back(*number);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::vector<std::string>> as_texts(const ArgumentValue& value) {
  const auto* list = std::get_if<ArgumentValue::List>(&value.value);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (const ArgumentValue& entry : *list) {
    const auto* text = std::get_if<std::string>(&entry.value);
    if (text == nullptr) return std::nullopt;
    out.push_back(*text);
  }
  return out;
}

TableReader::TableReader(const ArgumentValue& table, std::string name, Problems& problems)
    : map_(std::get_if<data::ArgumentMap>(&table.value)),
      name_(std::move(name)),
      line_(table.line),
      problems_(problems) {
  if (map_ == nullptr) {
    problems_.add(line_,
                  fmt::format("{} is {} where a table is expected", name_, type_word(table)));
  }
}

const ArgumentValue* TableReader::any(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  if (map_ == nullptr) return nullptr;
  const auto found = std::find_if(map_->begin(), map_->end(),
                                  [&](const auto& entry) { return entry.first == key; });
  return found == map_->end() ? nullptr : &found->second;
}

void TableReader::wrong_type(std::string_view key, const ArgumentValue& value,
                             std::string_view wanted) {
  problems_.add(value.line, fmt::format("{} of {} is {} where {} is expected", key, name_,
                                        type_word(value), wanted));
}

std::optional<std::string> TableReader::text(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
  wrong_type(key, *value, "a text");
  return std::nullopt;
}

std::optional<std::string> TableReader::text_or_integer(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value->value))
    return std::to_string(*integer);
  wrong_type(key, *value, "a text or a whole number");
  return std::nullopt;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* integer = std::get_if<std::int64_t>(&value->value)) return *integer;
  wrong_type(key, *value, "a whole number");
  return std::nullopt;
}

std::optional<double> TableReader::number(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* integer = std::get_if<std::int64_t>(&value->value))
    return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value->value)) return *number;
  wrong_type(key, *value, "a number");
  return std::nullopt;
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* boolean = std::get_if<bool>(&value->value)) return *boolean;
  wrong_type(key, *value, "true or false");
  return std::nullopt;
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  auto out = as_texts(*value);
  if (!out) wrong_type(key, *value, "a list of texts");
  return out;
}

std::optional<std::vector<double>> TableReader::numbers(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  auto out = as_numbers(*value);
  if (!out) wrong_type(key, *value, "a list of numbers");
  return out;
}

std::optional<KeyMap> TableReader::text_map(std::string_view key) {
  const ArgumentValue* value = any(key);
  if (value == nullptr) return std::nullopt;
  const auto* map = std::get_if<data::ArgumentMap>(&value->value);
  KeyMap out;
  for (std::size_t i = 0; map != nullptr && i < map->size(); ++i) {
    const auto* text = std::get_if<std::string>(&(*map)[i].second.value);
    if (text == nullptr) {
      map = nullptr;
      break;
    }
    out.emplace_back((*map)[i].first, *text);
  }
  if (map == nullptr) {
    wrong_type(key, *value, "a table of texts");
    return std::nullopt;
  }
  return out;
}

void TableReader::finish() {
  if (map_ == nullptr) return;
  for (const auto& [key, value] : *map_) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    problems_.unknown(value.line, fmt::format("key of {}", name_), key, known_);
  }
}

}  // namespace tenon::cli
