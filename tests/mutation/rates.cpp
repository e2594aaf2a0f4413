#include "rates.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tenon::mutation {
namespace {

// What is promised, in percent.
constexpr double kKeys = 100.0;
constexpr double kStages = 99.0;
constexpr double kFixes = 95.0;
constexpr double kBoth = 98.0;

double percent(int part, int whole) { return whole == 0 ? 100.0 : 100.0 * part / whole; }

void count(Rate& rate, const Fault& fault, const Verdict& verdict) {
  ++rate.cases;
  rate.code += verdict.code ? 1 : 0;
  rate.key += verdict.key ? 1 : 0;
  rate.stage += verdict.stage ? 1 : 0;
  rate.alone += verdict.alone ? 1 : 0;
  rate.fixable += fault.fixable ? 1 : 0;
  rate.fixed += fault.fixable && verdict.fixed ? 1 : 0;
}

std::string row(const Rate& rate) {
  return fmt::format("{:<32} {:>5} {:>6} {:>6} {:>6} {:>6} {:>8}/{}\n", rate.kind, rate.cases,
                     rate.code, rate.key, rate.stage, rate.alone, rate.fixed, rate.fixable);
}

}  // namespace

void Rates::add(const Case& one, const Verdict& verdict) {
  const Fault& fault = one.faults.front();
  auto found = std::find_if(rates_.begin(), rates_.end(),
                            [&](const Rate& rate) { return rate.kind == fault.kind; });
  if (found == rates_.end()) found = rates_.insert(rates_.end(), Rate{.kind = fault.kind});
  count(*found, fault, verdict);
}

void Rates::set_pairs(int pairs, int both) {
  pairs_ = pairs;
  both_ = both;
}

Rate Rates::total() const {
  Rate sum{.kind = "all"};
  for (const Rate& rate : rates_) {
    sum.cases += rate.cases;
    sum.code += rate.code;
    sum.key += rate.key;
    sum.stage += rate.stage;
    sum.alone += rate.alone;
    sum.fixable += rate.fixable;
    sum.fixed += rate.fixed;
  }
  return sum;
}

std::string Rates::table() const {
  std::string out = fmt::format("{:<32} {:>5} {:>6} {:>6} {:>6} {:>6} {:>8}\n", "kind", "cases",
                                "code", "key", "stage", "alone", "first fix mends");
  for (const Rate& rate : rates_) out += row(rate);
  const Rate sum = total();
  out += row(sum);
  out += fmt::format(
      "right code {:.1f} %, right key {:.1f} %, right stage {:.1f} %, nothing else told {:.1f} %, "
      "first fix mends {:.1f} % of the fixable\n",
      percent(sum.code, sum.cases), percent(sum.key, sum.cases), percent(sum.stage, sum.cases),
      percent(sum.alone, sum.cases), percent(sum.fixed, sum.fixable));
  out += fmt::format("two faults at once: {} of {} told both, {:.1f} %\n", both_, pairs_,
                     percent(both_, pairs_));
  return out;
}

void Rates::hold_thresholds() const {
  const Rate sum = total();
  const char* see = "see mutation_failures.txt of the build folder";
  EXPECT_GE(percent(sum.key, sum.cases), kKeys) << "right key: " << see;
  EXPECT_GE(percent(sum.stage, sum.cases), kStages) << "right stage: " << see;
  EXPECT_GE(percent(sum.fixed, sum.fixable), kFixes) << "first fix mends: " << see;
  EXPECT_GE(percent(both_, pairs_), kBoth) << "both of two faults told: " << see;
}

}  // namespace tenon::mutation
