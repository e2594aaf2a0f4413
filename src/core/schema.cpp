#include <fmt/format.h>

#include <algorithm>

#include "core/key_error.hpp"
#include "core/name_list.hpp"
#include "tenon/error.hpp"
#include "tenon/spec.hpp"

namespace tenon {

Schema::Schema(std::initializer_list<Field> fields) {
  fields_.reserve(fields.size());
  for (const Field& field : fields) add(field);
}

std::optional<std::size_t> Schema::find(std::string_view key) const noexcept {
  const auto at = std::find_if(fields_.begin(), fields_.end(),
                               [&](const Field& field) { return field.key == key; });
  if (at == fields_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - fields_.begin());
}

std::size_t Schema::slot(std::string_view key) const {
  if (const auto slot = find(key)) return *slot;
  throw KeyError(missing_key(key, keys()));
}

std::vector<std::string> Schema::keys() const {
  std::vector<std::string> keys;
  keys.reserve(fields_.size());
  for (const Field& field : fields_) keys.push_back(field.key);
  return keys;
}

void Schema::add(Field field) {
  if (contains(field.key)) {
    Diagnostic diagnostic =
        make_diagnostic("K012", fmt::format("the key {} is there already", quote_key(field.key)),
                        {fmt::format("the keys are: {}", list_names(keys()))},
                        "give one of the two another name, or drop one");
    KeyReport report;
    report.key = field.key;
    report.role = field.role;
    report.actual = field.spec;
    diagnostic.keys.push_back(std::move(report));
    throw KeyError(std::move(diagnostic));
  }
  fields_.push_back(std::move(field));
}

void Schema::remove(std::string_view key) {
  fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(slot(key)));
}

}  // namespace tenon
