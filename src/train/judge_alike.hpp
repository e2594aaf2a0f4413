#pragma once

#include <functional>

#include "train/rank_group.hpp"

namespace tenon::train {

/// `judge` does on every rank the same with the same. Where it throws, no rank goes before all have
/// come to it: each throws its own, and none hears of it from another.
void judge_alike(const RankGroup& ranks, const std::function<void()>& judge);

}  // namespace tenon::train
