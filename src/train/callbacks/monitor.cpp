#include "train/callbacks/monitor.hpp"

#include <fmt/format.h>

#include "tenon/error.hpp"

namespace tenon::train {

MonitorDirection::MonitorDirection(std::string callback, std::string monitor, std::string mode)
    : monitor_(std::move(monitor)), mode_(std::move(mode)) {
  if (mode_ != "auto" && mode_ != "min" && mode_ != "max") {
    throw_argument_error(callback, fmt::format("mode is {}", quote_key(mode_)),
                         R"("auto", "min" or "max")");
  }
}

void MonitorDirection::resolve(const TrainingControl& control) {
  higher_ = mode_ == "auto" ? control.higher_is_better(monitor_) : mode_ == "max";
}

bool MonitorDirection::better(double value, const std::optional<double>& best,
                              double min_delta) const {
  if (!best) return true;
  return higher_ ? value - min_delta > *best : value + min_delta < *best;
}

}  // namespace tenon::train
