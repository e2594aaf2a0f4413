#include "cli/known_words.hpp"

#include <algorithm>

#include "io/readers/registry.hpp"

namespace tenon::cli {

std::vector<const data::StageEntry*> all_stages() {
  std::vector<const data::StageEntry*> all;
  for (const auto& entry : data::stage_entries()) all.push_back(&entry);
  for (const auto& entry : readers::stage_entries()) all.push_back(&entry);
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->op < b->op; });
  return all;
}

std::vector<const data::SourceEntry*> all_sources() {
  std::vector<const data::SourceEntry*> all;
  for (const auto& entry : data::source_entries()) all.push_back(&entry);
  for (const auto& entry : readers::source_entries()) all.push_back(&entry);
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->kind < b->kind; });
  return all;
}

}  // namespace tenon::cli
