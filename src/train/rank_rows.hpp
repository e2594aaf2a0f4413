#pragma once

#include <cstdint>
#include <vector>

#include "tenon/model.hpp"
#include "train/rank_group.hpp"

namespace tenon::train {

/// What a pass over this rank's share of the data gave, and what of it the others need.
struct RankRows {
  std::vector<std::int64_t> batches;    ///< Rows of each batch, those without rows, too.
  NamedTensors outputs;                 ///< All rows; empty where there are none, or none wanted.
  std::vector<SampleIdentity> samples;  ///< One per row, where the data have identities.
  std::vector<BadSample> bad_samples;
};

/// Which row comes when in the whole: rank and its row. Row r of a batch of a rank is row
/// rank + r·ranks of the whole batch. Where samples were left out, so that batches are composed
/// otherwise, and every rank's come in the order of the source, that order tells.
struct RowOfRank {
  std::size_t rank = 0;
  std::int64_t row = 0;
};
std::vector<RowOfRank> rows_in_order(const std::vector<RankRows>& all);

/// The rows of all ranks as the data have them, on rank 0; on the others without outputs and
/// samples. The bad samples of all, on all. Throws ShapeError (S006) where ranks' outputs differ in
/// their shapes. All ranks call it together.
PredictResult gather_predictions(const RankGroup& ranks, RankRows own);

}  // namespace tenon::train
