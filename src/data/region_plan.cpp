#include "data/region_plan.hpp"

#include <algorithm>

namespace tenon::data {
namespace {

/// How often a slot is asked for.
struct Demand {
  int wholes = 0;
  int parts = 0;
  bool only_parts() const { return parts > 0 && wholes == 0; }
  int total() const { return wholes + parts; }
};
using Demands = std::vector<Demand>;

struct Plan {
  Stretch stretch;
  /// Of how many slots a part is enough: first of what there is before, then of what steps read or
  /// change.
  std::vector<std::size_t> saved;

  std::size_t saved_by(std::size_t levels) const {
    std::size_t sum = 0;
    for (std::size_t level = 0; level < std::min(levels, saved.size()); ++level)
      sum += saved[level];
    return sum;
  }
};

Care care_of(const Demand& demand) {
  if (demand.total() < 2) return Care::kNone;
  return demand.wholes > 0 ? Care::kKeepWhole : Care::kJoinParts;
}

/// What a step does about each slot that it gives, given how often that is asked for. A value that
/// is kept asks for its own once.
SlotCares cares_of(const SlotFlow& flow, Demands& demands, std::size_t& saved) {
  SlotCares cares(demands.size(), Care::kNone);
  for (std::size_t slot = 0; slot < demands.size(); ++slot) {
    Demand& demand = demands[slot];
    const bool reads = flow.reads_files && flow.origins[slot] == SlotFlow::kMade;
    if (!reads && !flow.changed[slot]) continue;
    if (demand.only_parts()) ++saved;
    if (reads && demand.total() == 0) {
      cares[slot] = Care::kReadUnasked;
    } else if (reads || demand.wholes > 0) {
      cares[slot] = care_of(demand);
    }
    if (cares[slot] == Care::kKeepWhole) demand = {1, 0};
  }
  return cares;
}

/// How often a step asks for each of the slots that it takes.
Demands demands_before(const SlotFlow& flow, const Demands& behind) {
  Demands demands(flow.taken);
  for (std::size_t slot = 0; slot < behind.size(); ++slot) {
    if (flow.origins[slot] == SlotFlow::kMade) continue;
    demands[flow.origins[slot]].wholes += behind[slot].wholes;
    demands[flow.origins[slot]].parts += behind[slot].parts;
  }
  for (const std::size_t slot : flow.wholes) ++demands[slot].wholes;
  for (const std::size_t slot : flow.parts) ++demands[slot].parts;
  return demands;
}

/// Of all of `flows`, from the last to the first.
Plan plan_all(std::span<const SlotFlow* const> flows, bool reads_before) {
  Plan plan;
  plan.stretch.steps = flows.size();
  plan.stretch.cares.resize(flows.size());
  plan.saved.assign(flows.size() + 1, 0);
  Demands demands(flows.back()->origins.size(), Demand{1, 0});
  for (std::size_t step = flows.size(); step-- > 0;) {
    plan.stretch.cares[step] = cares_of(*flows[step], demands, plan.saved[step + 1]);
    demands = demands_before(*flows[step], demands);
  }
  plan.stretch.before.assign(demands.size(), Care::kNone);
  for (std::size_t slot = 0; reads_before && slot < demands.size(); ++slot) {
    plan.stretch.before[slot] = care_of(demands[slot]);
    if (demands[slot].only_parts()) ++plan.saved[0];
  }
  return plan;
}

}  // namespace

Stretch plan_stretch(std::span<const SlotFlow* const> flows, bool reads_before) {
  if (flows.empty()) return {};
  const Plan longest = plan_all(flows, reads_before);
  if (longest.saved_by(reads_before ? 1 : 2) == 0) return {};
  for (std::size_t steps = 1;; ++steps) {
    Plan plan = plan_all(flows.first(steps), reads_before);
    // Nothing that these steps read would be saved by taking more of them.
    if (plan.saved_by(steps + 1) == longest.saved_by(steps + 1)) return std::move(plan.stretch);
  }
}

}  // namespace tenon::data
