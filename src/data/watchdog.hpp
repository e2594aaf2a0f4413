#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "data/meter.hpp"

namespace tenon::data {

/// Looks at a meter from a thread of its own, and tells what takes longer than `limit`.
class Watchdog {
 public:
  using Tell = std::function<void(const Stall&)>;
  /// `meter` must outlive it. Throws EngineError (E001) if the system gives no thread.
  Watchdog(RunMeter& meter, double limit_seconds, Tell tell);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();

  RunMeter& meter_;
  RunMeter::Clock::duration limit_;
  Tell tell_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  std::thread thread_;
};

/// `load_volume (train.toml:12) has been at sample 17 for 61 s: scans/17.nii.gz`.
Diagnostic stall_warning(const Stall& stall, const StageReference& stage,
                         const SampleIdentity& sample, double limit_seconds);

}  // namespace tenon::data
