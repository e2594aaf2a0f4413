#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "train/bound_split.hpp"
#include "train/rank_group.hpp"
#include "train/running_logs.hpp"
#include "train/trainer.hpp"

namespace tenon::train {

/// What a pass over a split needs beside the data.
struct PassOptions {
  std::optional<std::int64_t> steps{};
  IterateOptions iterate{};
  std::int64_t epoch = 0;  ///< For messages.
  int verbose = 0;
  std::vector<BadSample>* bad_samples = nullptr;  ///< Those met for the first time are added.
  const RankGroup* ranks = nullptr;  ///< The split is this rank's share; the means are of all.
  backend::BatchRows take{};         ///< As FeedOptions::take.
};

/// Runs the test steps of a split from its start and returns the means. Throws DataError (G001)
/// where the data end before `options.steps`, or there are none.
Logs evaluate_split(Trainer& trainer, const BoundSplit& split, RunningLogs& running,
                    const PassOptions& options);

/// Throws DataError (G001): the data ended at `place`. `wanted` steps of each of `epochs` epochs
/// were asked for, and `done` were taken in all.
[[noreturn]] void throw_out_of_data(const RunPlace& place, std::optional<std::int64_t> wanted,
                                    std::int64_t epochs, std::int64_t done);

}  // namespace tenon::train
