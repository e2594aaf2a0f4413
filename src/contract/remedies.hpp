#pragma once

#include <span>
#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "core/change.hpp"

namespace tenon::contract {

/// What a remedy is thought out from: the split in which the problem was found first.
struct RemedyContext {
  const TrainingInterface& interface;
  const Split& split;
};

/// Changes that may mend `problem`, the best first. None has been tried; see offer_fixes().
std::vector<Change> remedies(const Diagnostic& problem, const RemedyContext& context);

/// "add .rename({{"small", "Small"}}) at the end of the stages", "remove the drop at train.cpp:41":
/// a change for people. `toml`: stages are written as an experiment file has them.
std::string describe(const Change& change, const Split& split, bool toml);

// Where the parts stand: one file per kind of problem.
std::vector<Change> key_remedies(const Diagnostic& problem, const RemedyContext& context);
std::vector<Change> stage_remedies(const Diagnostic& problem, const RemedyContext& context);
std::vector<Change> shape_remedies(const Diagnostic& problem, const RemedyContext& context);
std::vector<Change> setting_remedies(const Diagnostic& problem, const RemedyContext& context);

}  // namespace tenon::contract
