#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "data/batch_news.hpp"
#include "tenon/callbacks.hpp"
#include "train/bound_split.hpp"
#include "train/clock.hpp"
#include "train/outputs.hpp"

namespace tenon::train {

/// What a step takes, and which samples it is of: record.samples() are those of the rows in `data`,
/// of which there may be fewer than in the record.
struct Batch {
  Record record;
  StepData data;
  std::string state{};  ///< Where the data stand behind it, if note_state() asked for that.
};

/// Which rows of a whole batch of `rows` are this process's.
std::vector<std::int64_t> rows_taken(std::int64_t rows, const backend::BatchRows& take);

/// Where a feed goes on from.
struct FeedPlace {
  std::string state;       ///< DatasetIterator::state(); empty: the data begin.
  std::int64_t given = 0;  ///< Batches of this epoch that were given before.
};

struct FeedOptions {
  IterateOptions iterate{};
  /// Batches per epoch; nothing: an epoch ends with the data, and the next one begins them anew.
  std::optional<std::int64_t> steps{};
  std::int64_t epochs = 1;  ///< With `steps`: how many batches will be asked for in all.
  std::optional<std::int64_t> epoch{};  ///< For messages, where it is not the data's own.
  /// With `steps`: as note_state() for the last batch of each epoch.
  bool note_epoch_ends = false;
  /// Batches are prepared beside the step before them where one takes longer than this to prepare,
  /// in seconds and as a share of the time between two calls of next(): a thread costs something,
  /// and where every core takes part in the step, it takes from the step what it does.
  /// Of whole batches, what this rank takes: rows first, first + stride, …
  backend::BatchRows take{};
  bool shared_budget = false;  ///< As RankShare has it: the split is one.
  double least_seconds = 100e-6;
  double least_share = 0.0;
};

/// FeedOptions::least_share beside steps on so many threads.
double least_share(int threads);

/// The batches of a split in their order, ready for a step: taken from the data, held to the
/// contract, targets in the dtype of their loss. That is done in a thread of its own, one batch
/// ahead, while a step runs, where it is worth one; never for data that can only be read in
/// sequence (a generator runs in the thread that called fit unless a prefetch stage takes it
/// elsewhere). The batches are the same either way, and so are errors: they are thrown by the
/// next() whose batch they belong to.
class BatchFeed {
 public:
  /// `split` and `outputs` must outlive it.
  BatchFeed(const BoundSplit& split, const std::vector<OutputTraining>& outputs,
            FeedOptions options, const FeedPlace& place = {});
  ~BatchFeed();
  BatchFeed(const BatchFeed&) = delete;
  BatchFeed& operator=(const BatchFeed&) = delete;

  /// False at the end of the data, or of all that were asked for.
  bool next(Batch& batch);
  /// The next batch that is prepared gets its Batch::state: the one that next() gives now, or the
  /// one behind it.
  void note_state() noexcept { state_wanted_ = true; }
  /// As note_state(), for every so many batches to come. Before the first next().
  void note_states(StepPeriod period) { noted_.push_back(period); }
  /// Begins the data anew, with the random numbers of the next epoch.
  void next_epoch();
  /// Those met up to the last batch that next() gave.
  const std::vector<BadSample>& bad_samples() const noexcept { return bad_samples_; }
  /// With a shared budget: of the batches that next() gave since this was called last, and of what
  /// was read behind the last one.
  std::vector<data::BatchNews> take_news() { return std::exchange(news_, {}); }
  /// next() found no data left, rather than as many batches given as were asked for.
  bool out_of_data() const noexcept { return ended_ && ended_->out_of_data; }
  DataProfile profile() const { return iterator_.profile(); }
  bool runs_ahead() const noexcept { return thread_.joinable(); }

 private:
  /// A batch, the end, or an error, as next() will tell it.
  struct Delivery {
    std::optional<Batch> batch;
    std::vector<BadSample> bad_samples;  ///< Met since the delivery before.
    std::exception_ptr error;
    bool out_of_data = false;
    std::optional<data::BatchNews> news{};
    bool last() const noexcept { return !batch; }
  };
  Delivery prepare();
  Batch prepare_batch(Record record);
  bool notes_state();
  Delivery prepare_here();
  Delivery wait_for_delivery();
  void start();
  void run();
  void stop();

  const BoundSplit& split_;
  const std::vector<OutputTraining>& outputs_;
  FeedOptions options_;
  bool may_run_ahead_;

  // Used by the thread that prepares, which is one at a time.
  data::PartIterator part_;
  DatasetIterator& iterator_;
  std::int64_t prepared_ = 0;  ///< In this epoch, or with `steps` in all.
  std::int64_t epoch_ = 0;     ///< Without `steps`.
  std::size_t bad_samples_told_ = 0;
  std::atomic<bool> state_wanted_{false};
  std::vector<StepPeriod> noted_;

  std::vector<BadSample> bad_samples_;
  std::vector<data::BatchNews> news_;
  int slow_in_a_row_ = 0;          ///< Of those prepared in the thread that wanted them.
  Stopwatch since_given_;          ///< Since next() gave a batch.
  std::optional<Delivery> ended_;  ///< What comes from now on: the end or an error.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Delivery> ready_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tenon::train
