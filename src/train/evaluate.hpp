#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "train/batch_feed.hpp"
#include "train/bound_split.hpp"
#include "train/rank_group.hpp"
#include "train/running_logs.hpp"
#include "train/trainer.hpp"

namespace tenon::train {

/// Shown a batch of a pass and what the step gave of it: batch.data has the rows of this process,
/// which are the rows `rows` of batch.record.
using BatchListener =
    std::function<void(const Batch&, const StepResult&, const backend::BatchRows& rows)>;

/// What a pass over a split needs beside the data.
struct PassOptions {
  std::optional<std::int64_t> steps{};
  IterateOptions iterate{};
  std::int64_t epoch = 0;  ///< For messages.
  int verbose = 0;
  std::vector<BadSample>* bad_samples = nullptr;  ///< Those met for the first time are added.
  const RankGroup* ranks = nullptr;  ///< The split is this rank's share; the means are of all.
  backend::BatchRows take{};         ///< As FeedOptions::take.
  /// As RankShare has it: the pass is over once one rank's data are.
  bool only_whole = false;
  bool shared_budget = false;  ///< As RankShare has it, of ranks.
  BatchListener on_batch{};
};

/// Whether this rank takes a batch that it has, or has not: with `only_whole` where all have one.
bool all_have(const RankGroup* ranks, bool only_whole, bool has);

/// Runs the test steps of a split from its start and returns the means. Throws DataError (G001)
/// where the data end before `options.steps`, or there are none.
Logs evaluate_split(Trainer& trainer, const BoundSplit& split, RunningLogs& running,
                    const PassOptions& options);

/// While it lives, a rank computes with its part of the machine's cores where compile() named no
/// number of threads.
class RankThreads {
 public:
  RankThreads(Trainer& trainer, const RankGroup& ranks);
  ~RankThreads();
  RankThreads(const RankThreads&) = delete;
  RankThreads& operator=(const RankThreads&) = delete;

 private:
  Trainer* trainer_;
};

/// What else a caller of Model::evaluate may want.
struct EvaluateExtras {
  std::vector<BadSample>* bad_samples = nullptr;
  BatchListener on_batch{};
};
/// Model::evaluate.
Logs evaluate_model(Model& model, const Dataset& data, const EvaluateArguments& arguments,
                    SourceLocation location, const EvaluateExtras& extras = {});

/// Throws DataError (G001): the data ended at `place`. `wanted` steps of each of `epochs` epochs
/// were asked for, and `done` were taken in all.
[[noreturn]] void throw_out_of_data(const RunPlace& place, std::optional<std::int64_t> wanted,
                                    std::int64_t epochs, std::int64_t done);

}  // namespace tenon::train
