#pragma once

#include <cstdint>
#include <vector>

#include "data/rank_budget.hpp"
#include "train/batch_feed.hpp"
#include "train/bound_split.hpp"
#include "train/rank_group.hpp"

namespace tenon::train {

/// The budget of bad samples of a pass without training, whose ranks go their ways between: they
/// meet every few batches, and at the end. All of them make one, and call the same.
class PassBudget {
 public:
  /// `epoch`: for messages.
  PassBudget(const RankGroup& ranks, const BoundSplit& share, std::int64_t epoch);

  /// After each batch that `feed` gave. Throws data::TooManyBadSamples, as at_end() does: every
  /// rank its own, all the same.
  void after_batch(BatchFeed& feed);
  /// No batch is left here, or none is taken any more. Returns when that is so on all ranks.
  void at_end(BatchFeed& feed);

  /// Those of all ranks.
  const std::vector<BadSample>& bad_samples() const noexcept { return budget_.bad_samples(); }

 private:
  enum class Stand : char { kGoesOn = '0', kEnded = '1', kOutOfData = '2' };
  /// True where no rank goes on.
  bool meet(BatchFeed& feed, Stand stand);

  const RankGroup& ranks_;
  data::RankBudget budget_;
  std::int64_t epoch_;
  std::int64_t batches_ = 0;
};

}  // namespace tenon::train
