#include "cli/profile.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json_value.hpp"
#include "tenon/plan.hpp"

namespace tenon::cli {
namespace {

double seconds_of_work(const DataProfile& profile) {
  double sum = 0.0;
  for (const StageProfile& stage : profile.stages) sum += stage.seconds;
  return sum;
}

double share(double part, double whole) { return whole > 0.0 ? part / whole : 0.0; }

/// "12.3 ms", "4.56 us".
std::string time_text(double seconds) {
  if (seconds >= 1.0) return fmt::format("{:.3g} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3g} ms", 1e3 * seconds);
  return fmt::format("{:.3g} us", 1e6 * seconds);
}

std::vector<StageProfile> slowest_first(const DataProfile& profile) {
  std::vector<StageProfile> stages = profile.stages;
  std::stable_sort(stages.begin(), stages.end(), [](const StageProfile& a, const StageProfile& b) {
    return a.seconds > b.seconds;
  });
  return stages;
}

}  // namespace

std::string slowest_text(const DataProfile& profile) {
  const StageProfile* slowest = profile.slowest();
  if (slowest == nullptr) return {};
  return fmt::format("{} is the slowest {} ({:.0f} % of the pipeline's work)", slowest->stage.name,
                     slowest->stage.index < 0 ? "part, the source" : "stage",
                     100.0 * share(slowest->seconds, seconds_of_work(profile)));
}

std::string profile_text(const DataProfile& profile) {
  std::string text = fmt::format("{:<24} {:>8} {:>10} {:>10} {:>6} {:>10}\n", "stage", "calls",
                                 "time", "per call", "share", "bytes");
  const double all = seconds_of_work(profile);
  for (const StageProfile& stage : slowest_first(profile)) {
    text += fmt::format("{:<24} {:>8} {:>10} {:>10} {:>4.0f} % {:>10}\n", stage.stage.name,
                        stage.calls, time_text(stage.seconds),
                        time_text(share(stage.seconds, static_cast<double>(stage.calls))),
                        100.0 * share(stage.seconds, all), byte_text(stage.bytes));
  }
  for (const QueueProfile& queue : profile.queues) {
    text +=
        fmt::format("queue of {}: {:.1f} of {:.1f} ready on average, empty {:.0f} % of {} times\n",
                    queue.name, queue.ready, queue.capacity, 100.0 * queue.starved, queue.asked);
  }
  text += fmt::format("workers at once: {} of {}{}\n", profile.workers, profile.most_workers,
                      profile.tuned ? ", chosen from what was measured" : "");
  text += fmt::format("{} elements in {}, {:.0f} % of it waiting for data", profile.elements,
                      time_text(profile.seconds),
                      100.0 * share(profile.seconds_waited, profile.seconds));
  const std::string slowest = slowest_text(profile);
  return text + (slowest.empty() ? "\n" : fmt::format("; {}\n", slowest));
}

nlohmann::ordered_json profile_json(const DataProfile& profile) {
  nlohmann::ordered_json out;
  out["elements"] = profile.elements;
  out["seconds"] = json_number(profile.seconds);
  out["seconds_waited"] = json_number(profile.seconds_waited);
  out["workers"] = profile.workers;
  out["most_workers"] = profile.most_workers;
  out["tuned"] = profile.tuned;
  const StageProfile* slowest = profile.slowest();
  out["slowest"] = json_text(slowest == nullptr ? "" : slowest->stage.name);
  out["stages"] = nlohmann::ordered_json::array();
  for (const StageProfile& stage : profile.stages) {
    out["stages"].push_back({{"stage", stage.stage.index},
                             {"name", stage.stage.name},
                             {"calls", stage.calls},
                             {"seconds", json_number(stage.seconds)},
                             {"bytes", stage.bytes}});
  }
  out["queues"] = nlohmann::ordered_json::array();
  for (const QueueProfile& queue : profile.queues) {
    out["queues"].push_back({{"name", queue.name},
                             {"ready", json_number(queue.ready)},
                             {"capacity", json_number(queue.capacity)},
                             {"starved", json_number(queue.starved)},
                             {"asked", queue.asked}});
  }
  return out;
}

}  // namespace tenon::cli
