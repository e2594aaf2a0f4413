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

}  // namespace tenon::backend::onednn
