#include "data/worker_tuner.hpp"

#include <algorithm>
#include <utility>

namespace tenon::data {
namespace {

constexpr std::int64_t kWindow = 250'000'000;  ///< Nanoseconds at least …
constexpr std::int64_t kElements = 16;         ///< … and elements.
/// Shares of the time: less is no waiting, more is.
constexpr double kNoWaiting = 0.02;
constexpr double kWaiting = 0.05;
constexpr double kTooMuchWaiting = 0.1;
/// What differs by less counts as the same.
constexpr double kSame = 0.02;
constexpr std::int64_t kLongestRest = 512;

}  // namespace

void WorkerTuner::Direction::failed() noexcept {
  rest = wait;
  wait = std::min(2 * wait, kLongestRest);
}

WorkerTuner::WorkerTuner(std::size_t most) : most_(most), workers_(most) {}

bool WorkerTuner::note(std::int64_t now, std::int64_t waited) {
  if (!begun_) {
    begun_ = true;
    begin_ = now;
    elements_ = waited_ = 0;
    return false;
  }
  ++elements_;
  waited_ += waited;
  if (is_hopeless()) {
    begin_ = now;
    elements_ = waited_ = 0;
    go_back();
    return true;
  }
  const std::int64_t elapsed = now - begin_;
  if (elapsed < kWindow || elements_ < kElements) return false;
  const double cost = static_cast<double>(elapsed) / static_cast<double>(elements_);
  const double waiting = static_cast<double>(waited_) / static_cast<double>(elapsed);
  begin_ = now;
  elements_ = waited_ = 0;
  if (std::exchange(settling_, false)) return false;
  return judge(cost, waiting);
}

/// Fewer workers are tried where nobody waited: much waiting in one window says enough.
bool WorkerTuner::is_hopeless() const noexcept {
  if (before_ == 0 || workers_ > before_) return false;
  const double window = std::max(static_cast<double>(kWindow), cost_before_ * kElements);
  return static_cast<double>(waited_) > kTooMuchWaiting * window;
}

void WorkerTuner::go_back() noexcept {
  (workers_ < before_ ? fewer_ : more_).failed();
  workers_ = std::exchange(before_, 0);
  settling_ = true;
}

bool WorkerTuner::judge(double cost, double waiting) {
  if (before_ != 0) {
    const bool less = workers_ < before_;
    const bool good =
        less ? cost <= cost_before_ * (1.0 + kSame) : cost < cost_before_ * (1.0 - kSame);
    Direction& direction = less ? fewer_ : more_;
    if (good) {
      direction.succeeded();
      before_ = 0;
    } else {
      go_back();
      return true;
    }
  }
  if (waiting < kNoWaiting && workers_ > 1 && fewer_.ready()) return try_with(workers_ - 1, cost);
  if (waiting > kWaiting && workers_ < most_ && more_.ready()) return try_with(workers_ + 1, cost);
  return false;
}

bool WorkerTuner::try_with(std::size_t workers, double cost) {
  before_ = workers_;
  cost_before_ = cost;
  workers_ = workers;
  settling_ = true;
  return true;
}

}  // namespace tenon::data
