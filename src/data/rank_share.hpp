#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/stage.hpp"
#include "tenon/dataset.hpp"

namespace tenon::data {

/// What one of several processes reads of data in batches. Row r of its batch is row
/// rank + r·of of the batch that one process would have.
struct RankShare {
  Dataset dataset;
  /// The dataset gives whole batches, of which only the rank's rows are to be taken: it reads what
  /// the others need, too. Empty: it reads its own rows alone.
  std::string why_whole{};
  /// Split, and a batch that is not whole is left out: that is one of which not every rank has its
  /// rows.
  bool only_whole = false;
  /// Split, a rank reads its samples alone, and bad ones may be left out: which share of them is
  /// bad is for all ranks together to say (RankBudget).
  bool shared_budget = false;
};

/// Which of several processes, and what they share: batches, or, with `batch_per_rank`, as many
/// batches at a time as there are processes.
struct Ranks {
  std::int64_t rank = 0;
  std::int64_t of = 1;
  bool batch_per_rank = false;
};

/// Splits what stands before the batch stage with a shard, where all that follows the batch is a
/// prefetch; otherwise every rank gets whole batches. The places that iterators save are the same
/// for any rank of any number of them where it is split: a bad sample keeps its place in a batch,
/// which then has a row less, or none.
RankShare share_of_rank(const Dataset& dataset, const Ranks& ranks);

/// Where a rank goes on.
struct RankStart {
  RankShare share;
  std::string state;  ///< For an iterator of the share.
};
/// share_of_rank for data that go on from `state`, which any number of ranks may have left, or one
/// process that does not split; with `alone` that is who goes on, as rank 0 of 1. A rank reads
/// whole batches where the place of a process that did not split cannot be told in elements: the
/// data had bad samples.
RankStart share_from(const Dataset& dataset, const std::string& state, const Ranks& ranks,
                     bool alone);

/// A batch stage that gives rank `rank` of `ranks` its rows of a batch; nullptr for another stage,
/// and where a batch has fewer rows than there are ranks.
std::shared_ptr<const Stage> batch_shared_by(const Stage& stage, std::int64_t rank,
                                             std::int64_t ranks);
/// 0 for another stage.
std::int64_t batch_size_of(const Stage& stage);
/// Of the data's batch stage; 0 where there is none.
std::int64_t batch_size_of(const Dataset& dataset);

bool batch_drops_remainder(const Stage& stage);

}  // namespace tenon::data
