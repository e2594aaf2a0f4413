#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/callbacks.hpp"
#include "train/clock.hpp"

namespace tenon::train {

/// When something is to be saved: "epoch", every so many steps ("100"), or seconds ("60s").
class SaveFrequency {
 public:
  /// Throws ContractError (A001). `callback`: for messages.
  SaveFrequency(std::string_view callback, const std::string& save_freq);

  bool by_epoch() const noexcept { return steps_ == 0 && seconds_ == 0.0; }
  /// Counts a step; true if it is due behind that one.
  bool step();
  /// Something was saved: seconds count from now.
  void saved() { since_saved_.restart(); }
  /// Steps counted so far, over all epochs.
  std::int64_t done() const noexcept { return done_; }
  void restart(std::int64_t done = 0);
  std::optional<StepPeriod> period() const;

 private:
  std::int64_t steps_ = 0;
  double seconds_ = 0.0;
  std::int64_t done_ = 0;
  Stopwatch since_saved_;
};

}  // namespace tenon::train
