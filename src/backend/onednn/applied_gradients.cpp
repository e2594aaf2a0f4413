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
  AppliedGradients made{.entries = {}, .finish = applied.finish};
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
