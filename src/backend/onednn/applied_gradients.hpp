#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/api/gradient_ranges.hpp"

#include "backend/onednn/memory.hpp"

namespace tenon::backend::onednn {

/// The gradients that a plan's updates apply, before clips (backend/api/gradient_ranges.hpp).
struct AppliedGradients {
  struct Entry {
    std::int32_t slot = -1;  ///< Of the weight.
    CellId cell = kNoCell;
    std::size_t ready = 0;  ///< Behind this step it is left alone until `finish`.
  };
  std::vector<Entry> entries;
  /// One weight's: the slots, of those that the optimizer has, lie as the weight does.
  struct Update {
    CellId weight = kNoCell;
    CellId gradient = kNoCell;
    std::array<CellId, 3> slots = {kNoCell, kNoCell, kNoCell};
    /// The gradient is what the backward steps leave, not a copy that is clipped or laid out
    /// otherwise.
    bool as_made = false;
  };
  std::vector<Update> updates;
  std::vector<std::size_t> update_steps;  ///< That do them.
  /// The first step that clips, guards, lays out otherwise or applies one of them.
  std::size_t finish = 0;
};

/// The same, each memory once, with the steps behind which they are ready, in that order; those of
/// one step as they lie. `memory` has been placed.
AppliedGradients ready_gradients(const AppliedGradients& applied,
                                 const std::vector<StepMemory>& steps, const Memory& memory);

/// True if `next` is the neighbour of `own` in all that they take.
bool follow(const Memory& memory, const AppliedGradients::Update& own,
            const AppliedGradients::Update& next);

/// Plan::update_runs().
std::vector<UpdateRun> update_runs(const AppliedGradients& gradients, const Memory& memory);

/// Plan::gradient_layout().
std::uint64_t fingerprint(const AppliedGradients& gradients, const Memory& memory);

}  // namespace tenon::backend::onednn
