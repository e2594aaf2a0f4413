#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "core/thread_pool.hpp"
#include "data/bad_samples.hpp"
#include "data/meter.hpp"
#include "data/ram_budget.hpp"
#include "data/source.hpp"

namespace tenon::data {

/// What all nodes of one running iterator share. Lives as long as any of its nodes.
struct Execution {
  std::shared_ptr<const Source> source;
  std::uint64_t seed = 0;
  std::atomic<std::int64_t> epoch{0};
  /// Set while a background thread is to stop: waiting nodes give up with Cancelled.
  std::atomic<bool> cancelled{false};
  /// True for the run that shows a map its first sample: batches are kept small.
  bool observing = false;
  std::size_t num_threads = 1;
  BadSampleLog bad_samples;
  /// Null if everything runs in the calling thread.
  std::unique_ptr<ThreadPool> pool;

  /// Null where nobody asks what stages take.
  std::unique_ptr<RunMeter> meter;
  RamBudget ram_budget;
  /// What a prefetch holds at most, however many elements it was asked for.
  std::int64_t prefetch_bytes = most_prefetched_bytes();

  explicit Execution(BadSampleOptions options, std::int64_t ram_limit = 0,
                     bool judges_bad_samples = true)
      : bad_samples(options, judges_bad_samples), ram_budget(ram_limit) {}
};

/// Unwinds a background thread that is to stop; never leaves the room.
struct Cancelled {};

/// The epoch that names a sample's random stream: passes of a repeat differ like epochs.
std::int64_t random_epoch(std::int64_t epoch, std::uint64_t pass);

}  // namespace tenon::data
