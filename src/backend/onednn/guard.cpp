#include "backend/onednn/guard.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "backend/onednn/kernels/elementwise.hpp"

namespace tenon::backend::onednn {

Guard::Guard(Memory& memory, std::vector<CellId> cells, std::size_t step)
    : memory_(&memory), cells_(std::move(cells)), sorted_(cells_), step_(step) {
  for (const CellId id : cells_) memory.watch(id);
}

Guard::Range Guard::range_of(CellId id) const {
  return {memory_->ref(id).as<const float>(),
          static_cast<std::int64_t>(memory_->cell(id).bytes / sizeof(float))};
}

void Guard::merge() {
  std::ranges::sort(sorted_, std::less{}, [&](CellId id) { return range_of(id).data; });
  ranges_.clear();
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    const Range own = range_of(sorted_[i]);
    if (i > 0 && memory_->follows(sorted_[i - 1], sorted_[i])) {
      ranges_.back().count = own.data + own.count - ranges_.back().data;
    } else {
      ranges_.push_back(own);
    }
  }
  merged_at_ = memory_->version();
}

std::optional<std::size_t> Guard::first_not_finite(int threads) {
  if (merged_at_ != memory_->version()) merge();
  const bool good = std::ranges::all_of(
      ranges_, [&](const Range& range) { return all_finite(threads, range.data, range.count); });
  if (good) return std::nullopt;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Range range = range_of(cells_[i]);
    if (!all_finite(threads, range.data, range.count)) return i;
  }
  return std::nullopt;
}

}  // namespace tenon::backend::onednn
