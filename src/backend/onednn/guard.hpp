#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "backend/onednn/memory.hpp"

namespace tenon::backend::onednn {

/// Values that a run may be asked to look at before variables are written.
class Guard {
 public:
  Guard() = default;
  /// Looks at float32 cells of `memory`, which outlives it, behind step `step`.
  Guard(Memory& memory, std::vector<CellId> cells, std::size_t step);

  /// -1: never.
  std::size_t step() const { return step_; }
  /// The position in `cells` of the first that holds NaN or infinity; what pads a blocked layout
  /// counts.
  std::optional<std::size_t> first_not_finite(int threads);

 private:
  struct Range {
    const float* data;
    std::int64_t count;
  };
  Range range_of(CellId id) const;
  void merge();

  const Memory* memory_ = nullptr;
  std::vector<CellId> cells_;
  std::vector<CellId> sorted_;  // by address
  std::size_t step_ = static_cast<std::size_t>(-1);
  std::vector<Range> ranges_;  // neighbours in memory as one
  std::uint64_t merged_at_ = 0;
};

}  // namespace tenon::backend::onednn
