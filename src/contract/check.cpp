#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "contract/cardinality_problems.hpp"
#include "contract/column_problems.hpp"
#include "contract/contract.hpp"
#include "contract/key_problems.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/missing.hpp"
#include "contract/problem_order.hpp"
#include "contract/shape_problems.hpp"
#include "contract/stage_keys.hpp"
#include "contract/wanted.hpp"
#include "core/errors_among.hpp"
#include "data/pipeline.hpp"

namespace tenon::contract {
namespace {

/// The most fundamental first; codes that are not listed stand behind.
constexpr std::array kOrder = {"C001", "M001", "C002", "K007", "K012", "K005", "K003",
                               "K002", "K004", "K006", "K001", "K011", "K010", "S001",
                               "S003", "S004", "S002", "S005", "S006", "S007", "S008",
                               "D001", "D002", "D003", "G001"};

/// True if one stage, written once, is what both are about.
bool same_place(const Diagnostic& a, const Diagnostic& b) {
  const auto is_stage = [](const Diagnostic& each) {
    return each.stage && each.stage->index >= 0 && each.stage->location.known();
  };
  return is_stage(a) && is_stage(b) && a.stage->name == b.stage->name &&
         a.stage->location.line == b.stage->location.line &&
         std::string_view(a.stage->location.file) == b.stage->location.file;
}

/// True if two splits have the same problem, so that it is told once.
bool same_problem(const Diagnostic& a, const Diagnostic& b) {
  const auto same_key = [](const KeyReport& x, const KeyReport& y) {
    return x.key == y.key && x.role == y.role && x.actual == y.actual;
  };
  if (a.code == "G001" && b.code == "G001") return same_place(a, b);
  return a.code == b.code && a.severity == b.severity && a.candidate == b.candidate &&
         (a.keys.empty() ? a.message == b.message : true) &&
         std::equal(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), same_key);
}

/// The names that a problem of a stage is about: what becomes of these keys follows from it.
void add_names(const Diagnostic& problem, std::set<std::string>& names) {
  if (!is_error(problem)) return;
  for (const KeyReport& key : problem.keys) names.insert(key.key);
  if (!problem.candidate.empty()) names.insert(problem.candidate);
}

std::set<std::string> names_told_by(const std::vector<Diagnostic>& problems) {
  std::set<std::string> names;
  for (const Diagnostic& problem : problems) add_names(problem, names);
  return names;
}

/// The problems of stages without those that an earlier missing or doubled key brought about.
std::vector<Diagnostic> without_consequences(const std::vector<Diagnostic>& problems) {
  std::vector<Diagnostic> first;
  std::set<std::string> told;
  std::set<std::string> doubled;
  for (const Diagnostic& problem : problems) {
    const bool same_keys =
        !problem.keys.empty() && problem.severity != Severity::kNote &&
        std::all_of(problem.keys.begin(), problem.keys.end(),
                    [&](const KeyReport& key) { return told.contains(key.key); });
    // A column that is there twice may be the one that is missing.
    const bool of_the_source = problem.code == "K007" && doubled.contains(problem.candidate);
    if (same_keys || of_the_source) continue;
    const bool source = problem.stage && problem.stage->index < 0;
    if (problem.code == "K012" && source) add_names(problem, doubled);
    if (problem.code == "K007" || problem.code == "K012") add_names(problem, told);
    first.push_back(problem);
  }
  return first;
}

/// Takes what is told already, or can be nothing but a consequence, out of the join.
void leave_out(Join& joined, const std::set<std::string>& told, const Schema& schema) {
  if (told.empty()) return;
  std::erase_if(joined.unused, [&](std::size_t slot) {
    return told.contains(schema[slot].key) || !schema[slot].spec.rank_known;
  });
  std::erase_if(joined.wanted, [&](const Wanted& wish) {
    if (told.contains(wish.name)) return true;
    return wish.slot &&
           (told.contains(schema[*wish.slot].key) || !schema[*wish.slot].spec.rank_known);
  });
}

/// Fixes quote C++ in their text; where the data come from an experiment file they quote TOML.
void quote_toml(Diagnostic& problem, const Dataset& dataset) {
  if (!is_of_experiment_file(dataset)) return;
  for (Fix& fix : problem.fixes) {
    const std::size_t at = fix.cpp.empty() ? std::string::npos : fix.text.find(fix.cpp);
    if (at != std::string::npos && !fix.toml.empty())
      fix.text.replace(at, fix.cpp.size(), fix.toml);
  }
}

/// The columns of a table without rows count as text: what that does not fit says nothing.
void drop_guesses(std::vector<Diagnostic>& problems) {
  std::erase_if(problems, [](const Diagnostic& problem) {
    const bool of_text = std::any_of(
        problem.keys.begin(), problem.keys.end(),
        [](const KeyReport& key) { return key.actual && key.actual->dtype == DType::kString; });
    return of_text && (problem.code.front() == 'S' || problem.code.front() == 'D');
  });
}

bool has_no_rows(const data::Source& source) {
  const Cardinality cardinality = source.cardinality();
  return cardinality.kind == Cardinality::Kind::kKnown && cardinality.count == 0;
}

/// Whether `split` may go without targets, and does.
bool predicts_only(const TrainingInterface& interface, const Split& split) {
  if (!split.targets_optional) return false;
  const Join joined = join(interface, split.dataset->schema());
  const bool any = std::any_of(joined.wanted.begin(), joined.wanted.end(), [](const Wanted& wish) {
    return wish.role == Role::kTarget && wish.slot;
  });
  // A target under a name that is nearly right is one.
  const auto missing = find_missing(split, joined);
  return !any && std::none_of(missing.begin(), missing.end(), [](const Missing& each) {
    return each.wish->role == Role::kTarget && (each.candidate || each.end);
  });
}

std::vector<Diagnostic> check_split(const TrainingInterface& training, const Split& split) {
  TrainingInterface interface = training;
  if (predicts_only(training, split)) interface.needs_targets = false;
  Join joined = join(interface, split.dataset->schema());
  std::vector<Diagnostic> own = without_consequences(split.dataset->diagnostics());
  pair_stage_keys(own, split, joined);
  std::vector<Diagnostic> problems = own;
  leave_out(joined, names_told_by(own), split.dataset->schema());
  for (Diagnostic& problem : key_problems(interface, split, joined))
    problems.push_back(std::move(problem));
  for (Diagnostic& problem : shape_problems(interface, split, joined))
    problems.push_back(std::move(problem));
  for (Diagnostic& problem : cardinality_problems(split)) problems.push_back(std::move(problem));
  if (!any_error(own)) {
    for (Diagnostic& problem : column_problems(split, joined))
      problems.push_back(std::move(problem));
  }
  if (has_no_rows(*split.dataset->pipeline()->source())) drop_guesses(problems);
  // What is wrong with values may follow from a stage that could not be applied.
  if (any_error(own)) {
    std::erase_if(problems, [](const Diagnostic& problem) { return !is_error(problem); });
  }
  for (Diagnostic& problem : problems) {
    problem.datasets = {split.name};
    quote_toml(problem, *split.dataset);
  }
  return problems;
}

}  // namespace

std::size_t rank_of(const Diagnostic& diagnostic) {
  const auto found = std::find(kOrder.begin(), kOrder.end(), diagnostic.code);
  return static_cast<std::size_t>(found - kOrder.begin());
}

void add_or_merge(std::vector<Diagnostic>& problems, Diagnostic problem) {
  const auto same = std::ranges::find_if(
      problems, [&](const Diagnostic& known) { return same_problem(known, problem); });
  if (same == problems.end()) {
    problems.push_back(std::move(problem));
    return;
  }
  // Samples are of their split.
  if (problem.sample && problem.message != same->message)
    same->notes.push_back(fmt::format("{}: {}", problem.datasets.front(), problem.message));
  same->datasets.insert(same->datasets.end(), problem.datasets.begin(), problem.datasets.end());
}

std::vector<Diagnostic> check(const TrainingInterface& interface, std::span<const Split> splits) {
  std::vector<Diagnostic> all = check_names(interface);
  for (const Split& split : splits) {
    for (Diagnostic& problem : check_split(interface, split)) add_or_merge(all, std::move(problem));
  }
  std::stable_sort(all.begin(), all.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(a.severity, rank_of(a)) < std::tuple(b.severity, rank_of(b));
  });
  return all;
}

}  // namespace tenon::contract
