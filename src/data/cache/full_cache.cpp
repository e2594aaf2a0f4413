#include "data/cache/full_cache.hpp"

#include <fmt/format.h>

#include <utility>

namespace tenon::data {
namespace {

/// "1.5 GB".
std::string byte_text(double bytes) {
  for (const auto& [name, size] :
       {std::pair{"TB", 1e12}, std::pair{"GB", 1e9}, std::pair{"MB", 1e6}, std::pair{"kB", 1e3}}) {
    if (bytes >= size) return fmt::format("{:.3g} {}", bytes / size, name);
  }
  return fmt::format("{:.0f} bytes", bytes);
}

}  // namespace

Diagnostic full_cache(const std::string& folder, const FullCache& full,
                      std::optional<std::int64_t> all) {
  const std::string where = folder.empty() ? "cache" : fmt::format("cache {}", folder);
  std::string needs = "the samples that do not fit are made again in every epoch";
  if (all && *all > full.samples && full.samples > 0) {
    const double each = static_cast<double>(full.bytes) / static_cast<double>(full.samples);
    needs += fmt::format("; all {} would take about {}", *all,
                         byte_text(each * static_cast<double>(*all)));
  }
  Diagnostic warning =
      make_diagnostic("A001",
                      fmt::format("{}: its budget of {} is full with {} samples", where,
                                  byte_text(static_cast<double>(full.budget)), full.samples),
                      {std::move(needs)},
                      "raise budget, or put cache behind a stage that makes samples smaller "
                      "(resize, crop, drop, cast)");
  warning.severity = Severity::kWarning;
  return warning;
}

}  // namespace tenon::data
