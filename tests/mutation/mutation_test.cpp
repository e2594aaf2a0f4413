// Holds `tenon check` to account: valid experiments have to pass, broken ones have to be told by
// the right code, key and stage, and the first fix has to mend them. docs/mutation-suite.md tells
// how to run one case by its name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "data/registry.hpp"
#include "generator/compose.hpp"
#include "io/readers/registry.hpp"
#include "judge.hpp"
#include "rates.hpp"

namespace tenon::mutation {
namespace {

constexpr int kValidExperiments = kPlainExperiments + 75;
constexpr int kCasesPerKind = 25;
constexpr int kLeastCases = 1000;
constexpr int kPairs = 250;

class Mutation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    workplace_ = new Workplace;
    valid_ = new std::vector<Experiment>;
    for (int i = 0; i < kValidExperiments; ++i) valid_->push_back(compose(i));
  }
  static void TearDownTestSuite() {
    delete workplace_;
    delete valid_;
    workplace_ = nullptr;
    valid_ = nullptr;
  }
  static inline Workplace* workplace_ = nullptr;
  static inline std::vector<Experiment>* valid_ = nullptr;
};

std::string problems_of(const Outcome& outcome) {
  std::string out;
  if (!outcome.json.is_object()) return outcome.out + outcome.err;
  for (const auto& each : outcome.json.at("diagnostics")) {
    if (each.at("severity") != "note")
      out += "  " + each.at("code").get<std::string>() + " " +
             each.at("message").get<std::string>() + "\n";
  }
  return out;
}

TEST_F(Mutation, NoFalseAlarmOnValidExperiments) {
  int false_alarms = 0;
  for (const Experiment& experiment : *valid_) {
    const Written written = workplace_->write(experiment, experiment.name);
    const Outcome outcome = check(written.file);
    const std::string problems = problems_of(outcome);
    const bool clean = outcome.status == 0 && problems.empty();
    if (!clean) ++false_alarms;
    EXPECT_TRUE(clean) << experiment.name << ": exit status " << outcome.status << "\n"
                       << problems << written.rendered.text;
  }
  std::cout << fmt::format("{} valid experiments, {} false alarms\n", valid_->size(), false_alarms);
}

/// True of what this build cannot read: volumes without ITK.
bool cannot_be_read([[maybe_unused]] const Experiment& experiment) {
#ifdef TENON_WITHOUT_VOLUMES
  return experiment.place_of_op("load_volume").has_value();
#else
  return false;
#endif
}

/// The truth of the corpus: what is said to be valid can be trained on.
TEST_F(Mutation, ValidExperimentsTrain) {
  for (const Experiment& experiment : *valid_) {
    if (cannot_be_read(experiment)) continue;
    const Written written = workplace_->write(experiment, experiment.name);
    const Outcome outcome =
        run_tenon({"train", written.file, "--quiet", "--set", "fit.output=run_" + experiment.name,
                   "--set", "fit.threads=1", "--set", "fit.data_threads=1"});
    EXPECT_EQ(outcome.status, 0) << experiment.name << "\n" << outcome.err << written.rendered.text;
  }
}

/// Of runs rather than of what they see.
const std::set<std::string, std::less<>>& of_runs() {
  static const std::set<std::string, std::less<>> ops = {"cache", "shard"};
  return ops;
}

TEST_F(Mutation, EveryWordOfTheRegistriesOccurs) {
  std::set<std::string> ops;
  std::set<std::string> sources;
  std::set<Layout> layouts;
  bool some_only = false;
  for (const Experiment& experiment : *valid_) {
    sources.insert(experiment.source_kind);
    layouts.insert(experiment.layout);
    for (const Stage& stage : experiment.stages) {
      ops.insert(stage.op);
      some_only = some_only || !stage.only.empty();
    }
  }
  for (const auto& entry : data::stage_entries()) {
    if (of_runs().contains(entry.op)) continue;
    EXPECT_TRUE(ops.contains(std::string(entry.op))) << "no valid experiment uses " << entry.op;
  }
  for (const auto& entry : readers::stage_entries()) {
    EXPECT_TRUE(ops.contains(std::string(entry.op))) << "no valid experiment uses " << entry.op;
  }
  for (const auto& entry : readers::source_entries()) {
    EXPECT_TRUE(sources.contains(std::string(entry.kind))) << "nothing reads " << entry.kind;
  }
  EXPECT_EQ(layouts.size(), 4U);
  EXPECT_TRUE(some_only);
}

void judge_case(const Workplace& workplace, const Case& one, Rates& rates, std::ostream& stories) {
  const Written written = workplace.write(one.experiment, "case");
  const Outcome outcome = check(written.file);
  const Fault& fault = one.faults.front();
  Verdict verdict = judge(one, written, outcome, fault);
  if (fault.fixable) verdict.fixed = first_fix_mends(one, written, outcome, fault, verdict.story);
  rates.add(one, verdict);
  if (!verdict.story.empty())
    stories << one.name << " of " << one.experiment.name << "\n" << verdict.story << "\n";
}

TEST_F(Mutation, FaultsAreToldWithKeyStageAndFix) {
  Rates rates;
  std::ofstream stories(TENON_BINARY_DIR "/mutation_failures.txt");
  for (const Mutator& mutator : mutators()) {
    const std::vector<Case> cases = cases_of(mutator, *valid_, kCasesPerKind);
    EXPECT_GE(cases.size(), 5U) << "too few places for " << mutator.kind;
    for (const Case& one : cases) judge_case(*workplace_, one, rates, stories);
  }
  int both = 0;
  const std::vector<Case> twos = pairs(*valid_, kPairs);
  for (const Case& one : twos) {
    const Written written = workplace_->write(one.experiment, "case");
    const Outcome outcome = check(written.file);
    const Verdict a = judge(one, written, outcome, one.faults[0]);
    const Verdict b = judge(one, written, outcome, one.faults[1]);
    const bool told = a.code && a.key && b.code && b.key;
    if (told) ++both;
    if (!told) {
      stories << one.name << " of " << one.experiment.name << ": " << one.faults[0].kind << ", "
              << one.faults[1].kind << "\n"
              << a.story << b.story << "\n";
    }
  }
  rates.set_pairs(static_cast<int>(twos.size()), both);
  const std::string table = rates.table();
  std::cout << table;
  std::ofstream(TENON_BINARY_DIR "/mutation_rates.txt") << table;
  EXPECT_GE(rates.total().cases, kLeastCases);
  rates.hold_thresholds();
}

/// TENON_MUTATION="KIND/NUMBER": the case in full.
TEST_F(Mutation, OneCaseByName) {
  const char* wanted = std::getenv("TENON_MUTATION");
  if (wanted == nullptr) GTEST_SKIP() << "skipped: TENON_MUTATION names no case";
  std::vector<Case> all = pairs(*valid_, kPairs);
  for (const Mutator& mutator : mutators()) {
    for (Case& one : cases_of(mutator, *valid_, kCasesPerKind)) all.push_back(std::move(one));
  }
  bool found = false;
  for (const Case& one : all) {
    if (one.name != wanted) continue;
    found = true;
    const Written written = workplace_->write(one.experiment, "case");
    const Outcome outcome = check(written.file);
    std::cout << written.rendered.text << "\n" << outcome.out;
    for (const Fault& fault : one.faults) {
      Verdict verdict = judge(one, written, outcome, fault);
      if (fault.fixable)
        verdict.fixed = first_fix_mends(one, written, outcome, fault, verdict.story);
      std::cout << fault.kind << ": " << fault.what << "\n"
                << verdict.story
                << fmt::format("code {}, key {}, stage {}, alone {}, fixed {}\n", verdict.code,
                               verdict.key, verdict.stage, verdict.alone, verdict.fixed);
    }
  }
  EXPECT_TRUE(found) << "there is no case " << wanted;
}

}  // namespace
}  // namespace tenon::mutation
