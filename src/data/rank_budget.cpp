#include "data/rank_budget.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/bad_sample_json.hpp"
#include "data/iterator_state.hpp"

namespace tenon::data {
namespace {

using Json = nlohmann::json;

struct PlacedBad {
  std::int64_t position = 0;  ///< Among the samples of all ranks' batches, from 0.
  std::optional<BadSample> sample;
};

/// Row r of a rank's batch is row rank + r·ranks of all of them together.
std::vector<PlacedBad> in_order(const std::vector<Json>& by_rank, std::size_t batch) {
  std::vector<PlacedBad> all;
  for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
    if (batch >= by_rank[rank].size()) continue;
    for (const Json& bad : by_rank[rank][batch].at(1)) {
      const auto slot = bad.at(0).get<std::int64_t>();
      PlacedBad& placed = all.emplace_back();
      placed.position =
          static_cast<std::int64_t>(rank) + slot * static_cast<std::int64_t>(by_rank.size());
      if (bad.size() > 1) placed.sample = bad_sample_from_json(bad[1]);
    }
  }
  std::ranges::sort(all, {}, &PlacedBad::position);
  return all;
}

std::int64_t read_for(const std::vector<Json>& by_rank, std::size_t batch) {
  std::int64_t read = 0;
  for (const Json& batches : by_rank) {
    if (batch < batches.size()) read += batches[batch].at(0).get<std::int64_t>();
  }
  return read;
}

}  // namespace

RankBudget::RankBudget(BadSampleOptions options, const std::string& state) : options_(options) {
  if (state.empty()) return;
  IteratorState saved = read_state(state);
  counts_ = saved.counts;
  for (BadSample& bad : saved.bad_samples) remember(std::move(bad));
}

std::string RankBudget::text_of(std::span<const BatchNews> batches) const {
  Json text = Json::array();
  for (const BatchNews& batch : batches) {
    Json bad = Json::array();
    for (const auto& [slot, sample] : batch.bad) {
      bad.push_back(Json::array({slot}));
      if (!knows(sample)) bad.back().push_back(bad_sample_to_json(sample));
    }
    text.push_back(Json::array({batch.read, std::move(bad)}));
  }
  return text.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void RankBudget::add(std::span<const std::string> by_rank) {
  std::vector<Json> told;
  std::size_t batches = 0;
  for (const std::string& text : by_rank) {
    told.push_back(Json::parse(text));
    batches = std::max(batches, told.back().size());
  }
  for (std::size_t batch = 0; batch < batches; ++batch) {
    const std::int64_t before = counts_.read;
    const std::int64_t after = before + read_for(told, batch);
    for (PlacedBad& bad : in_order(told, batch)) {
      read_to(before + bad.position);
      ++counts_.bad;
      if (bad.sample) remember(std::move(*bad.sample));
      read_to(before + bad.position + 1);
    }
    read_to(after);
  }
}

/// The share of bad ones only falls while good ones are read: it is looked at where it is judged
/// first, and at each bad sample from there on.
void RankBudget::read_to(std::int64_t read) {
  if (counts_.read < kFewestJudged && read > kFewestJudged) {
    counts_.read = kFewestJudged;
    check_budget(options_, counts_, met_);
  }
  counts_.read = read;
  if (read >= kFewestJudged) check_budget(options_, counts_, met_);
}

bool RankBudget::knows(const BadSample& bad) const {
  return bad.sample.index >= 0 && known_.contains({bad.sample.index, bad.stage.index});
}

void RankBudget::remember(BadSample bad) {
  if (knows(bad)) return;
  known_.emplace(bad.sample.index, bad.stage.index);
  met_.push_back(std::move(bad));
}

std::string RankBudget::in_state(const std::string& state) const {
  return with_bad_samples(state, counts_, met_);
}

}  // namespace tenon::data
