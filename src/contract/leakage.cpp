#include "contract/leakage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/key_error.hpp"
#include "data/identities.hpp"
#include "data/pipeline.hpp"

namespace tenon::contract {
namespace {

constexpr std::size_t kMostExamples = 5;

/// One split with what its samples are recognised by.
struct Known {
  std::string name;
  data::Identities identities;
  std::vector<std::string> files;   ///< Per sample and stage that reads one.
  std::vector<std::string> groups;  ///< Per sample.
};

struct Counts {
  std::size_t first = 0;
  std::size_t second = 0;
};

/// Values that are in both lists, with how often.
struct Overlap {
  std::vector<std::pair<std::string, Counts>> values;  ///< In the order of the first list.
  Counts samples;                                      ///< That have one of the values.
};

/// An empty text says nothing about whose it is.
Overlap overlap_of(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  std::unordered_map<std::string_view, Counts> counts;
  for (const std::string& value : first) {
    if (!value.empty()) ++counts[value].first;
  }
  for (const std::string& value : second) {
    const auto found = counts.find(value);
    if (found != counts.end()) ++found->second.second;
  }
  Overlap overlap;
  for (const std::string& value : first) {
    const auto found = counts.find(value);
    if (found == counts.end() || found->second.second == 0) continue;
    overlap.values.emplace_back(value, found->second);
    overlap.samples.first += found->second.first;
    overlap.samples.second += found->second.second;
    counts.erase(found);
  }
  return overlap;
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Diagnostic leak(const Known& first, const Known& second, std::string message) {
  Diagnostic problem = make_diagnostic("L001", std::move(message));
  problem.severity = Severity::kWarning;
  problem.datasets = {first.name, second.name};
  return problem;
}

void add_fix(Diagnostic& problem, std::string text) {
  Fix fix;
  fix.text = std::move(text);
  problem.fixes.push_back(std::move(fix));
}

std::string count_of(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::optional<Diagnostic> shared_samples(const Known& first, const Known& second) {
  if (!first.identities.same_source(second.identities)) return std::nullopt;
  std::vector<std::int64_t> both;
  std::ranges::set_intersection(first.identities.indices(), second.identities.indices(),
                                std::back_inserter(both));
  if (both.empty()) return std::nullopt;
  Diagnostic problem = leak(first, second,
                            fmt::format("{} {} in both {} and {}", count_of(both.size(), "sample"),
                                        both.size() == 1 ? "is" : "are", first.name, second.name));
  problem.notes.push_back(fmt::format(
      "{} has {}, {} has {}", first.name, count_of(first.identities.indices().size(), "sample"),
      second.name, count_of(second.identities.indices().size(), "sample")));
  for (std::size_t i = 0; i < std::min(both.size(), kMostExamples); ++i) {
    problem.notes.push_back("in both: " + to_string(first.identities.identity(both[i])));
  }
  problem.sample = first.identities.identity(both.front());
  add_fix(problem, "take each sample for one split: take and skip before any shuffle");
  return problem;
}

void add_examples(Diagnostic& problem, const Overlap& overlap, const Known& first,
                  const Known& second, bool files) {
  problem.notes.push_back(fmt::format(
      "{} of {} in {} and {} of {} in {} have one", overlap.samples.first,
      count_of(first.identities.indices().size(), "sample"), first.name, overlap.samples.second,
      count_of(second.identities.indices().size(), "sample"), second.name));
  for (std::size_t i = 0; i < std::min(overlap.values.size(), kMostExamples); ++i) {
    const auto& [value, counts] = overlap.values[i];
    problem.notes.push_back(fmt::format("{}: {} times in {}, {} times in {}",
                                        quote_key(files ? base_name(value) : value), counts.first,
                                        first.name, counts.second, second.name));
  }
  if (overlap.values.size() > kMostExamples) {
    problem.notes.push_back(fmt::format("and {} more", overlap.values.size() - kMostExamples));
  }
}

std::optional<Diagnostic> shared_files(const Known& first, const Known& second) {
  const Overlap overlap = overlap_of(first.files, second.files);
  if (overlap.values.empty()) return std::nullopt;
  Diagnostic problem =
      leak(first, second,
           fmt::format("{} {} read by both {} and {}", count_of(overlap.values.size(), "file"),
                       overlap.values.size() == 1 ? "is" : "are", first.name, second.name));
  add_examples(problem, overlap, first, second, true);
  problem.sample = SampleIdentity{-1, "", overlap.values.front().first, -1};
  add_fix(problem, "keep all samples of a file in one split");
  return problem;
}

std::optional<Diagnostic> shared_groups(const Known& first, const Known& second,
                                        const std::string& key) {
  const Overlap overlap = overlap_of(first.groups, second.groups);
  if (overlap.values.empty()) return std::nullopt;
  Diagnostic problem =
      leak(first, second,
           fmt::format("{} of {} {} in both {} and {}", count_of(overlap.values.size(), "value"),
                       quote_key(key), overlap.values.size() == 1 ? "is" : "are", first.name,
                       second.name));
  add_examples(problem, overlap, first, second, false);
  KeyReport report;
  report.key = key;
  problem.keys.push_back(std::move(report));
  add_fix(problem, fmt::format("keep all samples of one {} in one split", quote_key(key)));
  return problem;
}

/// Adds what `split` is known by, if it is.
void add_known(const Split& split, const LeakageOptions& options, std::vector<Known>& known) {
  Known one{split.name, data::Identities(*split.dataset, options.seed), {}, {}};
  if (!one.identities.known()) return;
  for (data::SampleTexts& files : one.identities.files()) {
    std::ranges::move(files.values, std::back_inserter(one.files));
  }
  if (auto groups = one.identities.texts(options.group_key)) one.groups = std::move(groups->values);
  known.push_back(std::move(one));
}

}  // namespace

std::vector<Diagnostic> group_problems(std::span<const Split> splits,
                                       const std::string& group_key) {
  std::vector<Diagnostic> problems;
  for (const Split& split : splits) {
    const Schema& schema = *split.dataset->pipeline()->source()->schema();
    if (group_key.empty() || schema.contains(group_key)) continue;
    const auto keys = schema.keys();
    problems.push_back(
        missing_key(group_key, keys, fmt::format("group of the {} data", split.name)));
    problems.back().datasets = {split.name};
  }
  return problems;
}

std::vector<Diagnostic> leakage_problems(std::span<const Split> splits,
                                         const LeakageOptions& options) {
  std::vector<Diagnostic> problems;
  std::vector<Known> known;
  for (const Split& split : splits) add_known(split, options, known);
  for (std::size_t i = 0; i < known.size(); ++i) {
    for (std::size_t k = i + 1; k < known.size(); ++k) {
      // That samples are the same says that their files and groups are.
      if (auto same = shared_samples(known[i], known[k])) {
        problems.push_back(std::move(*same));
        continue;
      }
      if (auto files = shared_files(known[i], known[k])) problems.push_back(std::move(*files));
      auto groups = shared_groups(known[i], known[k], options.group_key);
      if (groups) problems.push_back(std::move(*groups));
    }
  }
  return problems;
}

}  // namespace tenon::contract
