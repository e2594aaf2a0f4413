#include "backend/onednn/applied_gradients.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tenon::backend::onednn {

AppliedGradients ready_gradients(const AppliedGradients& applied,
                                 const std::vector<StepMemory>& steps, const Memory& memory) {
  std::map<CellId, std::size_t> touched;  // by roots
  for (std::size_t i = 0; i < applied.finish; ++i) {
    for (const auto* list : {&steps[i].reads, &steps[i].writes}) {
      for (const CellId id : *list) touched[memory.root(id)] = i;
    }
  }
  AppliedGradients made = applied;
  made.entries.clear();
  std::set<const float*> known;
  for (AppliedGradients::Entry entry : applied.entries) {
    const auto last = touched.find(memory.root(entry.cell));
    if (last == touched.end() || !known.insert(memory.ref(entry.cell).as<const float>()).second) {
      continue;
    }
    entry.ready = last->second;
    made.entries.push_back(entry);
  }
  std::ranges::stable_sort(made.entries, {}, [&](const AppliedGradients::Entry& entry) {
    return std::pair(entry.ready, memory.ref(entry.cell).as<const float>());
  });
  return made;
}

bool follow(const Memory& memory, const AppliedGradients::Update& own,
            const AppliedGradients::Update& next) {
  if (own.as_made != next.as_made) return false;
  for (std::size_t k = 0; k < own.slots.size(); ++k) {
    if ((own.slots[k] == kNoCell) != (next.slots[k] == kNoCell)) return false;
    if (own.slots[k] != kNoCell && !memory.follows(own.slots[k], next.slots[k])) return false;
  }
  return memory.follows(own.weight, next.weight) && memory.follows(own.gradient, next.gradient);
}

std::vector<UpdateRun> update_runs(const AppliedGradients& gradients, const Memory& memory) {
  std::vector<UpdateRun> runs;
  const AppliedGradients::Update* before = nullptr;
  for (const AppliedGradients::Update& own : gradients.updates) {
    const std::int32_t slot = memory.cell(own.weight).slot;
    const auto entry = std::ranges::find_if(gradients.entries, [&](const auto& known) {
      return known.cell == own.gradient || known.slot == slot;
    });
    if (entry == gradients.entries.end()) return {};
    if (memory.offset_in_row(entry->cell) < 0) {  // Lies alone: each process has all of it.
      before = nullptr;
      continue;
    }
    if (!own.as_made) return {};
    UpdateRun run{.gradients = memory.ref(own.gradient).as(),
                  .weights = memory.ref(own.weight).as()};
    run.count = static_cast<std::int64_t>(memory.cell(own.weight).bytes / sizeof(float));
    for (std::size_t k = 0; k < run.slots.size(); ++k) {
      run.slots[k] = memory.ref(own.slots[k]).as();
      if (own.slots[k] != kNoCell && memory.cell(own.slots[k]).row < 0) return {};
    }
    if (memory.cell(own.weight).row < 0) return {};
    if (before != nullptr && follow(memory, *before, own)) {
      runs.back().count = run.weights + run.count - runs.back().weights;
    } else {
      runs.push_back(run);
    }
    before = &own;
  }
  std::ranges::sort(runs, {}, &UpdateRun::gradients);
  return runs;
}

std::uint64_t fingerprint(const AppliedGradients& gradients, const Memory& memory) {
  if (gradients.entries.empty()) return 0;
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&hash](std::uint64_t value) { hash = (hash ^ value) * 1099511628211U; };
  for (const AppliedGradients::Entry& entry : gradients.entries) {
    const Cell& cell = memory.cell(entry.cell);
    add(static_cast<std::uint64_t>(entry.slot));
    add(cell.bytes);
    add(cell.layout ? bridge::fingerprint(cell.layout->desc) : 0);
    add(static_cast<std::uint64_t>(memory.offset_in_row(entry.cell)));
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace tenon::backend::onednn
