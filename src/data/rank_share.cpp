#include "data/rank_share.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/pipeline.hpp"
#include "data/stages/shard.hpp"

namespace tenon::data {
namespace {

bool is_batch(const PlacedStage& placed) {
  const auto* stream = dynamic_cast<const StreamStage*>(placed.stage.get());
  return stream != nullptr && stream->makes_batches();
}

}  // namespace

RankShare share_of_rank(const Dataset& dataset, std::int64_t rank, std::int64_t of) {
  const Pipeline& pipeline = *dataset.pipeline();
  const auto& stages = pipeline.stages();
  const auto batch = std::ranges::find_if(stages, is_batch);
  if (batch == stages.end()) return {dataset, "the source gives batches"};
  for (auto after = batch + 1; after != stages.end(); ++after) {
    if (after->stage->name() != "prefetch")
      return {dataset, fmt::format("{} stands behind batch", after->stage->name())};
  }
  auto shared = batch_shared_by(*batch->stage, of);
  if (shared == nullptr)
    return {dataset, fmt::format("the size of a batch is no multiple of {} ranks", of)};
  Dataset split = Dataset::from_source(pipeline.source());
  for (auto before = stages.begin(); before != batch; ++before) split = split.stage(before->stage);
  split =
      split.stage(std::make_shared<ShardStage>(rank, of, ShardOptions{}, batch->stage->location()));
  split = split.stage(std::move(shared));
  for (auto after = batch + 1; after != stages.end(); ++after) split = split.stage(after->stage);
  return {split.on_bad_sample(pipeline.bad_samples()).with_options(pipeline.options()), "",
          batch_drops_remainder(*batch->stage)};
}

}  // namespace tenon::data
