#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon::data {

/// How full a queue is, noted whenever its next element is asked for. Written by one thread at a
/// time, read by any.
class QueueMeter {
 public:
  explicit QueueMeter(std::string name) : name_(std::move(name)) {}
  void note(std::size_t ready, std::size_t capacity) noexcept;
  QueueProfile read() const;

 private:
  std::string name_;
  std::atomic<std::int64_t> asked_{0};
  std::atomic<std::int64_t> ready_{0};
  std::atomic<std::int64_t> capacity_{0};
  std::atomic<std::int64_t> starved_{0};
};

/// What a thread has been at for longer than it should be.
struct Stall {
  std::int64_t stage = 0;   ///< -1: the source.
  std::int64_t sample = 0;  ///< Position in the source.
  std::string file;         ///< That the stage reads; empty if it reads none.
  double seconds = 0.0;
};

/// Counts what the stages of one running iterator take, and knows what is being worked on. Cheap
/// enough to be always there: one look at the clock per stage and sample. Thread-safe.
class RunMeter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `stages`: their references in order, the source (index -1) first.
  RunMeter(std::vector<StageReference> stages, std::size_t num_threads);

  class Work;
  /// Lives as long as the meter.
  QueueMeter& add_queue(std::string name);

  /// What has been going on for longer than `limit` at `now`; each is told once.
  std::vector<Stall> overdue(Clock::time_point now, Clock::duration limit);
  const StageReference& reference(std::int64_t stage) const {
    return stages_[static_cast<std::size_t>(stage + 1)];
  }
  /// The sources and stages that were called, and the queues that were asked.
  void read(DataProfile& profile) const;

 private:
  struct alignas(64) Counter {
    std::atomic<std::int64_t> calls{0};
    std::atomic<std::int64_t> nanoseconds{0};
    std::atomic<std::int64_t> bytes{0};
  };
  /// What one thread is at. `since` 0: nothing.
  struct alignas(64) Desk {
    std::atomic<bool> taken{false};
    std::atomic<std::int64_t> since{0};
    std::atomic<std::int64_t> stage{0};
    std::atomic<std::int64_t> sample{0};
    std::int64_t told = 0;  ///< The `since` that was told; of the watchdog alone.
    std::mutex file_mutex;
    std::string file;
  };
  Desk* take_desk() noexcept;
  Counter& counter(std::int64_t stage) noexcept;

  std::vector<StageReference> stages_;
  std::size_t num_desks_;
  std::unique_ptr<Desk[]> desks_;
  std::unique_ptr<Counter[]> counters_;  ///< kStripes rows: threads do not share a line.
  mutable std::mutex queues_mutex_;
  std::deque<QueueMeter> queues_;
};

/// One thread at one sample: begin(stage), done(bytes), begin(the next stage), … A null meter
/// measures nothing.
class RunMeter::Work {
 public:
  Work(RunMeter* meter, std::int64_t sample) noexcept;
  ~Work();
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void begin(std::int64_t stage) noexcept;
  /// The file that the stage at work reads.
  void reads(const std::string& file);
  /// The stage gave an element of so many bytes. The time until now counts as its own.
  void done(std::int64_t bytes) noexcept;
  /// The time until now counts as that of the stage at work, which is given; `stage` is from now
  /// on.
  std::int64_t turn_to(std::int64_t stage) noexcept;
  /// `stage`, whose time was told by turn_to(), gave an element of so many bytes.
  void count(std::int64_t stage, std::int64_t bytes) noexcept;

 private:
  RunMeter* meter_;
  Desk* desk_ = nullptr;
  std::int64_t stage_ = 0;
  std::int64_t last_ = 0;  ///< Nanoseconds of the clock.
  bool has_file_ = false;
};

std::int64_t bytes_of(const Record& record) noexcept;

}  // namespace tenon::data
