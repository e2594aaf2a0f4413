// `tenon cache`: what lies in the folder of a disk cache, and making room in it.
#include <fmt/format.h>

#include <ctime>
#include <map>

#include "cli/commands.hpp"
#include "cli/json_value.hpp"
#include "core/byte_size.hpp"
#include "data/cache/cache_entry.hpp"
#include "data/cache/cache_folder.hpp"
#include "tenon/error.hpp"
#include "tenon/plan.hpp"

namespace tenon::cli {
namespace {

/// The samples of one pipeline.
struct Group {
  std::int64_t samples = 0;
  std::int64_t bytes = 0;
  std::int64_t last_used = 0;
};

constexpr const char* kDamaged = "damaged";

std::string pipeline_of(const std::string& path) {
  try {
    return data::CacheEntry(path).facts().pipeline;
  } catch (const FormatError&) {
    return kDamaged;
  }
}

std::map<std::string, Group> groups_of(const std::string& folder) {
  std::map<std::string, Group> groups;
  for (const data::CachedFile& file : data::cached_files(folder)) {
    Group& group = groups[pipeline_of(file.path)];
    ++group.samples;
    group.bytes += file.bytes;
    group.last_used = std::max(group.last_used, file.last_used);
  }
  return groups;
}

std::string days_ago(std::int64_t time) {
  const double days = static_cast<double>(::time(nullptr) - time) / 86400.0;
  return days < 1.0 ? "today" : fmt::format("{:.0f} days ago", days);
}

void list(const CacheCommandOptions& options) {
  const auto groups = groups_of(options.folder);
  if (options.common.format == Format::kJson) {
    nlohmann::ordered_json out;
    out["ok"] = true;
    out["pipelines"] = nlohmann::ordered_json::array();
    for (const auto& [pipeline, group] : groups) {
      out["pipelines"].push_back({{"pipeline", pipeline},
                                  {"samples", group.samples},
                                  {"bytes", group.bytes},
                                  {"last_used", group.last_used}});
    }
    print(json_output(out));
    return;
  }
  std::string text;
  Group all;
  for (const auto& [pipeline, group] : groups) {
    text += fmt::format("{} samples, {}, last used {}\n  ", group.samples, byte_text(group.bytes),
                        days_ago(group.last_used));
    for (const char c : pipeline) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
    text += "\n";
    all.samples += group.samples;
    all.bytes += group.bytes;
  }
  print(text + fmt::format("{} samples, {} in all\n", all.samples, byte_text(all.bytes)));
}

void prune(const CacheCommandOptions& options) {
  data::PruneOptions limits;
  if (!options.budget.empty()) {
    limits.most_bytes = parse_bytes(options.budget);
    if (!limits.most_bytes) {
      throw FormatError(make_diagnostic(
          "C001", fmt::format("cache prune: --budget {} is no number of bytes", options.budget), {},
          "write --budget \"10 GB\""));
    }
  }
  if (options.days) limits.most_seconds = std::int64_t{86400} * *options.days;
  if (options.all) limits.most_bytes = 0;
  limits.outdated = true;
  const data::Pruned pruned = data::prune_cache(options.folder, limits);
  if (options.common.format == Format::kJson) {
    print(json_output({{"ok", true}, {"samples", pruned.files}, {"bytes", pruned.bytes}}));
  } else if (!options.common.quiet) {
    print(fmt::format("{} samples removed, {}\n", pruned.files, byte_text(pruned.bytes)));
  }
}

}  // namespace

int cache(const CacheCommandOptions& options) {
  options.prune ? prune(options) : list(options);
  return kDone;
}

}  // namespace tenon::cli
