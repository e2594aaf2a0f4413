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
};

/// Splits what stands before the batch stage with a shard, where all that follows the batch is a
/// prefetch; otherwise every rank gets whole batches. The places that iterators save are the same
/// for any rank of any number of them where it is split.
RankShare share_of_rank(const Dataset& dataset, std::int64_t rank, std::int64_t of);

/// A batch stage that gives each of `ranks` its rows of a batch; nullptr for another stage, and
/// where the size is no multiple of `ranks`.
std::shared_ptr<const Stage> batch_shared_by(const Stage& stage, std::int64_t ranks);

bool batch_drops_remainder(const Stage& stage);

}  // namespace tenon::data
