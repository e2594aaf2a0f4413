#include "train/pass_budget.hpp"

#include <algorithm>

#include "data/pipeline.hpp"
#include "train/judge_alike.hpp"

namespace tenon::train {
namespace {

/// Batches between two meetings: a rank need not wait for another at each.
constexpr std::int64_t kBatchesBetween = 16;

}  // namespace

PassBudget::PassBudget(const RankGroup& ranks, const BoundSplit& share, std::int64_t epoch)
    : ranks_(ranks), budget_(share.dataset().pipeline()->bad_samples(), {}), epoch_(epoch) {}

void PassBudget::after_batch(BatchFeed& feed) {
  if (++batches_ % kBatchesBetween == 0) meet(feed, Stand::kGoesOn);
}

void PassBudget::at_end(BatchFeed& feed) {
  while (!meet(feed, feed.out_of_data() ? Stand::kOutOfData : Stand::kEnded)) {
  }
}

bool PassBudget::meet(BatchFeed& feed, Stand stand) {
  ranks_.communicator().at({"bad samples", epoch_, batches_});
  std::string own(1, static_cast<char>(stand));
  own += budget_.text_of(feed.take_news());
  std::vector<std::string> all = ranks_.communicator().all_gather(own);
  bool over = true;
  bool out_of_data = false;
  for (std::string& each : all) {
    const Stand theirs{each.front()};
    over = over && theirs != Stand::kGoesOn;
    out_of_data = out_of_data || theirs == Stand::kOutOfData;
    each.erase(0, 1);
  }
  judge_alike(ranks_, [&] {
    budget_.add(all);
    if (over && out_of_data) budget_.check_at_end();
  });
  return over;
}

}  // namespace tenon::train
