#include "core/key_error.hpp"

#include <fmt/format.h>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"

namespace tenon {
namespace {

std::string nearest_note(std::string_view nearest) {
  return fmt::format("the nearest is {}", quote_key(nearest));
}

std::string nearest_fix(std::string_view key, std::string_view nearest) {
  return fmt::format("write {} in place of {}", quote_key(nearest), quote_key(key));
}

}  // namespace

void offer_nearest(Diagnostic& diagnostic, std::string_view key, std::string_view nearest) {
  const std::string before = diagnostic.candidate;
  std::erase(diagnostic.notes, nearest_note(before));
  std::erase_if(diagnostic.fixes,
                [&](const Fix& fix) { return fix.text == nearest_fix(key, before); });
  diagnostic.candidate = nearest;
  diagnostic.notes.push_back(nearest_note(nearest));
  Fix fix;
  fix.text = nearest_fix(key, nearest);
  diagnostic.fixes.push_back(std::move(fix));
}

Diagnostic missing_key(std::string_view key, std::span<const std::string> keys,
                       std::string_view where) {
  const std::string start = where.empty() ? "" : fmt::format("{}: ", where);
  Diagnostic diagnostic =
      make_diagnostic("K007", fmt::format("{}there is no key {}", start, quote_key(key)));
  KeyReport report;
  report.key = key;
  diagnostic.keys.push_back(std::move(report));
  diagnostic.notes.push_back(keys.empty() ? "there are no keys at all"
                                          : fmt::format("the keys are: {}", list_names(keys)));
  if (const auto nearest = nearest_name(key, keys)) offer_nearest(diagnostic, key, *nearest);
  return diagnostic;
}

}  // namespace tenon
