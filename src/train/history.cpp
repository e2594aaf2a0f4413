#include "tenon/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

[[noreturn]] void throw_no_such_log(std::string_view name, const std::vector<std::string>& names) {
  Diagnostic diagnostic =
      make_diagnostic("C002", fmt::format("the logs have no {}", quote_key(name)),
                      {fmt::format("they have: {}", list_names(names, 64))});
  if (const auto nearest = nearest_name(name, names)) {
    diagnostic.candidate = *nearest;
    diagnostic.notes.push_back(fmt::format("the nearest is {}", quote_key(*nearest)));
  }
  throw ContractError(std::move(diagnostic));
}

}  // namespace

std::optional<double> Logs::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : entries_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

double Logs::at(std::string_view name) const {
  if (const auto value = find(name)) return *value;
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.first);
  throw_no_such_log(name, names);
}

void Logs::set(std::string_view name, double value) {
  for (auto& entry : entries_) {
    if (entry.first == name) {
      entry.second = value;
      return;
    }
  }
  entries_.emplace_back(std::string(name), value);
}

std::vector<double> History::of(std::string_view name) const {
  std::vector<double> values;
  for (const Logs& epoch_logs : logs) {
    if (const auto value = epoch_logs.find(name)) values.push_back(*value);
  }
  if (values.empty()) throw_no_such_log(name, names());
  return values;
}

std::vector<std::string> History::names() const {
  std::vector<std::string> out;
  for (const Logs& epoch_logs : logs) {
    for (const auto& entry : epoch_logs) {
      if (std::ranges::find(out, entry.first) == out.end()) out.push_back(entry.first);
    }
  }
  return out;
}

}  // namespace tenon
