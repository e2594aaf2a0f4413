#pragma once

#include <optional>
#include <string>

#include "tenon/callbacks.hpp"

namespace tenon::train {

/// Decides whether a watched number has become better.
class MonitorDirection {
 public:
  /// `mode` is "auto", "min" or "max"; anything else throws ContractError (A001) in the name of
  /// `callback`.
  MonitorDirection(std::string callback, std::string monitor, std::string mode);

  /// To be called when training begins: "auto" takes the direction of the metric itself.
  void resolve(const TrainingControl& control);
  /// True if `value` is better than `best` by more than `min_delta` (>= 0), or there is no best
  /// yet.
  bool better(double value, const std::optional<double>& best, double min_delta = 0.0) const;

  const std::string& monitor() const noexcept { return monitor_; }

 private:
  std::string monitor_;
  std::string mode_;
  bool higher_ = false;
};

}  // namespace tenon::train
