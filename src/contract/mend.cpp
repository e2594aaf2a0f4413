#include "contract/mend.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "contract/problem_order.hpp"
#include "contract/remedies.hpp"

namespace tenon::contract {
namespace {

/// Fixes that are offered for one problem, and trials that are made for it.
constexpr std::size_t kMostFixes = 2;
constexpr std::size_t kMostTrials = 8;
/// Of one check: beyond them problems keep their advice only.
constexpr std::size_t kMostProblems = 24;

bool shares_key(const Diagnostic& a, const Diagnostic& b) {
  if (a.keys.empty() || b.keys.empty()) return a.keys.empty() && b.keys.empty();
  return std::any_of(a.keys.begin(), a.keys.end(), [&](const KeyReport& x) {
    return std::any_of(b.keys.begin(), b.keys.end(),
                       [&](const KeyReport& y) { return x.key == y.key && x.role == y.role; });
  });
}

bool same_split(const Diagnostic& a, const Diagnostic& b) {
  return a.datasets.empty() || b.datasets.empty() ||
         std::find_first_of(a.datasets.begin(), a.datasets.end(), b.datasets.begin(),
                            b.datasets.end()) != a.datasets.end();
}

bool is_same(const Diagnostic& a, const Diagnostic& b) {
  return a.code == b.code && same_split(a, b) && shares_key(a, b) &&
         (!a.keys.empty() || a.message == b.message);
}

enum class Outcome { kFails, kUncovers, kMends };

/// How the problems after a change stand to those before it.
Outcome judge(const Diagnostic& problem, const std::vector<Diagnostic>& before,
              const std::vector<Diagnostic>& after) {
  Outcome outcome = Outcome::kMends;
  for (const Diagnostic& each : after) {
    if (each.severity == Severity::kNote) continue;
    if (is_same(each, problem)) return Outcome::kFails;
    const bool known = std::any_of(before.begin(), before.end(),
                                   [&](const Diagnostic& old) { return is_same(each, old); });
    if (known) continue;
    const bool follows = each.severity != Severity::kError ||
                         (rank_of(each) > rank_of(problem) && shares_key(each, problem));
    if (!follows) return Outcome::kFails;
    outcome = Outcome::kUncovers;
  }
  return outcome;
}

const Split* split_of(const Diagnostic& problem, std::span<const Split> splits) {
  if (problem.datasets.empty()) return splits.empty() ? nullptr : &splits.front();
  for (const Split& split : splits) {
    if (split.name == problem.datasets.front()) return &split;
  }
  return nullptr;
}

Fix fix_of(const Change& change, const Split& split, Fix tried, const Diagnostic& problem,
           const Workbench& workbench) {
  Fix fix = std::move(tried);
  const std::string tried_text = fix.text;
  if (fix.text.empty()) fix.text = describe(change, split, workbench.speaks_toml());
  const bool inserts = change.kind == Change::Kind::kInsertStage;
  if (inserts && !fix.edit) fix.toml = stage_toml(change);
  if (tried_text.empty() && (inserts || !change.arguments.empty())) fix.cpp = stage_cpp(change);
  // Whoever found the problem may know how to say it better.
  for (const Fix& known : problem.fixes) {
    if (!inserts || !tried_text.empty() || known.cpp.empty() || known.cpp != fix.cpp) continue;
    fix.text = known.text;
    const std::size_t at = known.toml.empty() ? std::string::npos : fix.text.find(known.toml);
    if (at != std::string::npos) fix.text.replace(at, known.toml.size(), stage_toml(change));
  }
  const bool generator = split.dataset->stages().front().name == "generator";
  if (inserts && generator && !workbench.speaks_toml() && split.dataset->stages().size() == 1)
    fix.text += "; on Dataset::from_generator(…), given to fit";
  return fix;
}

void add_once(std::vector<Fix>& fixes, Fix fix) {
  const bool known = std::any_of(fixes.begin(), fixes.end(),
                                 [&](const Fix& other) { return other.text == fix.text; });
  if (!known) fixes.push_back(std::move(fix));
}

/// What the maker of the problem thought of and nobody can try: no code in it.
std::vector<Fix> advice_of(const Diagnostic& problem) {
  std::vector<Fix> advice;
  std::copy_if(problem.fixes.begin(), problem.fixes.end(), std::back_inserter(advice),
               [](const Fix& fix) { return fix.cpp.empty() && fix.toml.empty() && !fix.edit; });
  return advice;
}

void mend_one(Diagnostic& problem, const std::vector<Diagnostic>& all, const RemedyContext& context,
              Workbench& workbench) {
  std::vector<Fix> clean;
  std::vector<Fix> uncovering;
  std::size_t trials = 0;
  for (const Change& change : remedies(problem, context)) {
    if (clean.size() == kMostFixes || trials >= kMostTrials) break;
    for (Workbench::Trial& trial : workbench.attempt(change, problem)) {
      ++trials;
      const Outcome outcome = judge(problem, all, trial.problems);
      if (outcome == Outcome::kFails) continue;
      add_once(outcome == Outcome::kMends ? clean : uncovering,
               fix_of(change, context.split, std::move(trial.fix), problem, workbench));
      break;
    }
  }
  std::vector<Fix> fixes = clean.empty() ? std::move(uncovering) : std::move(clean);
  if (fixes.size() > kMostFixes) fixes.resize(kMostFixes);
  if (fixes.empty()) fixes = advice_of(problem);
  problem.fixes = std::move(fixes);
}

}  // namespace

void offer_fixes(std::vector<Diagnostic>& problems, const TrainingInterface& interface,
                 std::span<const Split> splits, Workbench& workbench) {
  const std::vector<Diagnostic> all = problems;
  std::size_t count = 0;
  for (Diagnostic& problem : problems) {
    if (problem.severity == Severity::kNote) continue;
    const Split* split = split_of(problem, splits);
    if (split == nullptr || ++count > kMostProblems) {
      problem.fixes = advice_of(problem);
      continue;
    }
    mend_one(problem, all, {interface, *split}, workbench);
  }
}

}  // namespace tenon::contract
