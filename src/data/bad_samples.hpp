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

/// Counts samples and bad ones, and decides which end the run. Thread-safe.
class BadSampleLog {
 public:
  explicit BadSampleLog(BadSampleOptions options) : options_(options) {}

  /// Throws DataError if the failure ends the run: policy kStop, or a broken contract (G002).
  void note_failure(const Failure& failure);
  /// Counts samples that were read, bad or not. Throws DataError when over the budget.
  void count_read(std::int64_t samples);
  /// Throws DataError if more than the budget was bad, however few were read.
  void check_at_end() const;

  /// Bumped with every entry: lets a reader see cheaply that there are new ones.
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  std::vector<BadSample> entries() const;

  struct Counts {
    std::int64_t read = 0;
    std::int64_t bad = 0;
  };
  Counts counts() const;
  void restore(Counts counts, std::vector<BadSample> entries);

 private:
  void check_budget() const;
  void add(BadSample entry);

  BadSampleOptions options_;
  mutable std::mutex mutex_;
  Counts counts_;
  std::vector<BadSample> entries_;
  /// A sample that is bad in every epoch is listed once.
  std::set<std::pair<std::int64_t, std::int64_t>> listed_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace tenon::data
