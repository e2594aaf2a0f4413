#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::data {

/// Chooses how many of a pipeline's threads work at once: as few as make the time from one element
/// to the next shortest, so that the others are left to what is done with the elements. It is told
/// what each element took and knows no clock of its own. Used by one thread.
///
/// It measures windows. Where nobody waits it tries one worker less, where somebody does one more;
/// one less stays if that was no slower, one more if it was faster. What was tried in vain is tried
/// again after a while, each time a longer one.
class WorkerTuner {
 public:
  /// Begins with all of `most`.
  explicit WorkerTuner(std::size_t most);
  std::size_t workers() const noexcept { return workers_; }

  /// An element was given at `now`, `waited` of it were spent waiting; nanoseconds. True if
  /// workers() is another number than before.
  bool note(std::int64_t now, std::int64_t waited);
  /// What comes next has nothing to do with what was (another epoch): the window begins anew.
  void restart() noexcept { begun_ = false; }

 private:
  /// One direction to try.
  struct Direction {
    std::int64_t rest = 0;  ///< Windows until it is tried again.
    std::int64_t wait = kFirstRest;
    bool ready() noexcept { return rest == 0 || --rest == 0; }
    void failed() noexcept;
    void succeeded() noexcept { wait = kFirstRest; }
  };
  static constexpr std::int64_t kFirstRest = 16;

  bool is_hopeless() const noexcept;
  void go_back() noexcept;
  bool judge(double cost, double waiting);
  bool try_with(std::size_t workers, double cost);

  std::size_t most_;
  std::size_t workers_;
  // The window.
  bool begun_ = false;
  std::int64_t begin_ = 0;
  std::int64_t elements_ = 0;
  std::int64_t waited_ = 0;
  /// Queues still hold what was made before: the first window behind a change says nothing.
  bool settling_ = true;
  std::size_t before_ = 0;  ///< Workers that the trial is held against; 0: there is no trial.
  double cost_before_ = 0.0;
  Direction fewer_;
  Direction more_;
};

}  // namespace tenon::data
