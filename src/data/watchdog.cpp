#include "data/watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/thread_count.hpp"

namespace tenon::data {
namespace {

using namespace std::chrono_literals;

/// Longer than any run, and still a time that a clock can add to.
constexpr double kLongest = 1e8;

RunMeter::Clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<RunMeter::Clock::duration>(
      std::chrono::duration<double>(std::min(seconds, kLongest)));
}

}  // namespace

Watchdog::Watchdog(RunMeter& meter, double limit_seconds, Tell tell)
    : meter_(meter), limit_(duration_of(limit_seconds)), tell_(std::move(tell)) {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw_no_thread("the thread that watches the stages", error);
  }
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  const auto period = std::clamp<RunMeter::Clock::duration>(limit_ / 4, 5ms, 5s);
  std::unique_lock lock(mutex_);
  while (!ended_changed_.wait_for(lock, period, [this] { return ended_; })) {
    for (const Stall& stall : meter_.overdue(RunMeter::Clock::now(), limit_)) tell_(stall);
  }
}

Diagnostic stall_warning(const Stall& stall, const StageReference& stage,
                         const SampleIdentity& sample, double limit_seconds) {
  const std::string file = stall.file.empty() ? sample.file : stall.file;
  const std::string place = file.empty() ? "" : fmt::format(": {}", file);
  Diagnostic warning = make_diagnostic(
      "G003",
      fmt::format("{} has been at sample {} for {:.0f} s{}", to_string(stage), stall.sample,
                  stall.seconds, place),
      {fmt::format("a stage that takes more than {:g} s is told (stall_timeout)", limit_seconds)},
      "look whether the disk, the network or the function answers; the run goes on when it does");
  warning.severity = Severity::kWarning;
  warning.stage = stage;
  warning.sample = sample;
  return warning;
}

}  // namespace tenon::data
