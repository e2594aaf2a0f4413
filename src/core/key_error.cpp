#include "core/key_error.hpp"

#include <fmt/format.h>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"

namespace tenon {

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
  if (const auto nearest = nearest_name(key, keys)) {
    diagnostic.candidate = *nearest;
    diagnostic.notes.push_back(fmt::format("the nearest is {}", quote_key(*nearest)));
    Fix fix;
    fix.text = fmt::format("write {} in place of {}", quote_key(*nearest), quote_key(key));
    diagnostic.fixes.push_back(std::move(fix));
  }
  return diagnostic;
}

}  // namespace tenon
