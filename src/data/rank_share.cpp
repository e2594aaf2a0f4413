#include "data/rank_share.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/executor.hpp"
#include "data/iterator_state.hpp"
#include "data/pipeline.hpp"
#include "data/stages/shard.hpp"

namespace tenon::data {
namespace {

bool is_batch(const PlacedStage& placed) {
  const auto* stream = dynamic_cast<const StreamStage*>(placed.stage.get());
  return stream != nullptr && stream->makes_batches();
}

std::size_t place_of_batch(const Pipeline& pipeline) {
  const auto& stages = pipeline.stages();
  return static_cast<std::size_t>(std::ranges::find_if(stages, is_batch) - stages.begin());
}

/// Of two fingerprints, whose first parts are the sources.
bool same_stages(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return !a.empty() && std::equal(a.begin() + 1, a.end(), b.begin() + 1, b.end(), same_part);
}

/// What split data would have saved where `state` was saved of data that are not, at the same
/// place in their order. Nothing where batches do not tell how many elements went before them.
std::optional<std::string> as_split(const Pipeline& whole, const Pipeline& split,
                                    IteratorState state) {
  if (state.counts.bad > 0) return std::nullopt;
  const Stage& batch = *whole.stages()[place_of_batch(whole)].stage;
  const std::int64_t elements = state.delivered * batch_size_of(batch);
  for (const NodeState& node : state.nodes) {
    if (node.kind != "prefetch") continue;
    for (const Tickets& ahead : node.items)
      state.counts.read -= static_cast<std::int64_t>(ahead.size());
  }
  // The source stays as it was saved.
  const std::vector<std::string> parts = split.fingerprint();
  state.fingerprint.resize(1);
  state.fingerprint.insert(state.fingerprint.end(), parts.begin() + 1, parts.end());
  // Of a rank that there is not, so that every one goes to the place by itself.
  state.nodes = {
      {"shard", {{"rank", 1}, {"of", 1}, {"rounds", static_cast<std::uint64_t>(elements)}}, {}}};
  return write_state(state);
}

}  // namespace

std::int64_t batch_size_of(const Dataset& dataset) {
  const Pipeline& pipeline = *dataset.pipeline();
  const std::size_t place = place_of_batch(pipeline);
  return place < pipeline.stages().size() ? batch_size_of(*pipeline.stages()[place].stage) : 0;
}

RankShare share_of_rank(const Dataset& dataset, const Ranks& ranks) {
  const auto& [rank, of, batch_per_rank] = ranks;
  const Pipeline& pipeline = *dataset.pipeline();
  const auto& stages = pipeline.stages();
  const auto batch = std::ranges::find_if(stages, is_batch);
  if (batch == stages.end()) return {dataset, "the source gives batches"};
  for (auto after = batch + 1; after != stages.end(); ++after) {
    if (after->stage->name() != "prefetch")
      return {dataset, fmt::format("{} stands behind batch", after->stage->name())};
  }
  auto shared = batch_per_rank ? batch_shared_by(*batch->stage, 0, 1)
                               : batch_shared_by(*batch->stage, rank, of);
  if (shared == nullptr)
    return {dataset, fmt::format("a batch has fewer rows than there are ranks, {}", of)};
  const std::int64_t size = batch_size_of(*batch->stage);
  const bool even = batch_per_rank || size % of == 0;
  Dataset split = Dataset::from_source(pipeline.source());
  for (auto before = stages.begin(); before != batch; ++before) split = split.stage(before->stage);
  split = split.stage(std::make_shared<ShardStage>(rank, of, ShardOptions{},
                                                   batch->stage->location(), even ? 0 : size));
  split = split.stage(std::move(shared));
  for (auto after = batch + 1; after != stages.end(); ++after) split = split.stage(after->stage);
  const auto place = static_cast<std::size_t>(batch - stages.begin());
  const bool may_leave_out = pipeline.bad_samples().policy != BadSamplePolicy::kStop;
  return {split.on_bad_sample(pipeline.bad_samples()).with_options(pipeline.options()), "",
          batch_drops_remainder(*batch->stage),
          may_leave_out && !reads_before(*split.pipeline(), place)};
}

RankStart share_from(const Dataset& dataset, const std::string& state, const Ranks& ranks,
                     bool alone) {
  RankShare split = share_of_rank(dataset, ranks);
  if (state.empty()) return {alone ? RankShare{dataset} : std::move(split), state};
  IteratorState saved = read_state(state);
  const bool was_split = !same_stages(saved.fingerprint, dataset.pipeline()->fingerprint());
  if (alone) return {was_split ? std::move(split) : RankShare{dataset}, state};
  if (was_split && !split.why_whole.empty()) {
    // As one rank would go on that reads all.
    RankShare whole = share_of_rank(dataset, {0, 1, false});
    whole.why_whole = std::move(split.why_whole);
    whole.shared_budget = false;
    return {std::move(whole), state};
  }
  if (was_split || !split.why_whole.empty()) return {std::move(split), state};
  if (auto converted = as_split(*dataset.pipeline(), *split.dataset.pipeline(), std::move(saved)))
    return {std::move(split), std::move(*converted)};
  return {{dataset, "one process left the state among bad samples"}, state};
}

}  // namespace tenon::data
