#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tenon/dataset.hpp"
#include "tenon/error.hpp"

namespace tenon::data {

/// A sample (or the samples of a batch) that could not be read or processed.
struct Failure {
  StageReference stage;  ///< index -1: the source.
  std::vector<SampleIdentity> samples;
  std::exception_ptr error;
};

/// The diagnostics of a failure: the original ones with the stage and the sample filled in and told
/// in the message; G003 with the original text for what is not Tenon's own error.
std::vector<Diagnostic> describe_failure(const Failure& failure);

/// More than max_bad of the samples were bad.
class TooManyBadSamples : public DataError {
 public:
  TooManyBadSamples(std::vector<Diagnostic> diagnostics, std::vector<BadSample> bad_samples)
      : DataError(std::move(diagnostics)), bad_samples_(std::move(bad_samples)) {}
  /// All that were met until then, each once.
  const std::vector<BadSample>& bad_samples() const noexcept { return bad_samples_; }

 private:
  std::vector<BadSample> bad_samples_;
};

struct SampleCounts {
  std::int64_t read = 0;
  std::int64_t bad = 0;
};

/// So many samples are read before the share of bad ones is judged.
constexpr std::int64_t kFewestJudged = 100;

/// Throws TooManyBadSamples where the share is over the budget. `met`: those that were bad.
void check_budget(const BadSampleOptions& options, const SampleCounts& counts,
                  const std::vector<BadSample>& met);

/// Counts samples and bad ones, and decides which end the run. Thread-safe.
class BadSampleLog {
 public:
  /// `judges` false: somebody else holds what is bad against the budget.
  explicit BadSampleLog(BadSampleOptions options, bool judges = true)
      : options_(options), judges_(judges) {}

  /// The bad samples, in the failure's order. Throws DataError if it ends the run: policy kStop, or
  /// a broken contract (G002). `again`: they were counted before the state that was restored.
  std::vector<BadSample> note_failure(const Failure& failure, bool again = false);
  /// Counts samples that were read, bad or not. Throws TooManyBadSamples when over the budget.
  void count_read(std::int64_t samples);
  /// Throws TooManyBadSamples if more than the budget was bad, however few were read.
  void check_at_end() const;

  /// Bumped with every entry: lets a reader see cheaply that there are new ones.
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  std::vector<BadSample> entries() const;

  using Counts = SampleCounts;
  Counts counts() const;
  void restore(Counts counts, std::vector<BadSample> entries);

 private:
  void add(const BadSample& entry);

  BadSampleOptions options_;
  bool judges_;
  mutable std::mutex mutex_;
  Counts counts_;
  std::vector<BadSample> entries_;
  /// A sample that is bad in every epoch is listed once.
  std::set<std::pair<std::int64_t, std::int64_t>> listed_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace tenon::data
