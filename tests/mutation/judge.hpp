#pragma once

#include <map>
#include <string>
#include <vector>

#include "generator/fault.hpp"
#include "workplace.hpp"

namespace tenon::mutation {

/// A valid experiment with a fault in it.
struct Case {
  std::string name;  ///< "KIND/NUMBER"
  int base = 0;      ///< The number of the experiment it was made of.
  Experiment experiment;
  std::vector<Fault> faults;
};

struct Verdict {
  bool code = false;
  bool key = false;
  bool stage = false;
  bool alone = false;  ///< Nothing else is told.
  bool fixed = false;  ///< The first fix, applied, makes the check pass.
  std::string story;   ///< For people, where something is not as it should be.
};

/// Judges by the JSON alone.
Verdict judge(const Case& one, const Written& written, const Outcome& outcome, const Fault& fault);
/// Applies the first fix of the diagnostic that tells the fault to a copy of the file, and checks
/// again.
bool first_fix_mends(const Case& one, const Written& written, const Outcome& outcome,
                     const Fault& fault, std::string& story);

/// Cases of one kind, drawn from the valid experiments. `share`: how many experiments there are.
std::vector<Case> cases_of(const Mutator& mutator, const std::vector<Experiment>& valid, int count);
/// Cases of two independent faults each.
std::vector<Case> pairs(const std::vector<Experiment>& valid, int count);

}  // namespace tenon::mutation
