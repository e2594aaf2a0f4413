#include "cli/as_rank.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "cli/commands.hpp"
#include "dist/communicator.hpp"
#include "dist/mpi.hpp"
#include "dist/started_rank.hpp"
#include "tenon/diagnostic.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {

bool is_rank() { return dist::started_by_mpi(); }

bool is_silent_rank() { return dist::started_rank() > 0; }

bool wait_for_the_end() {
  // Rank 0 may not have spoken by now, and would not any more.
  if (!dist::starter_ends_all()) return false;
  std::this_thread::sleep_for(std::chrono::seconds(10));
  return true;
}

void warn_if_started_apart() {
  const int tasks = dist::started_apart();
  if (tasks == 0) return;
  Diagnostic warning = make_diagnostic(
      "R002",
      fmt::format("srun started {} tasks without MPI: each works by itself on all data", tasks), {},
      "for one training by all of them: srun --mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH)");
  warning.severity = Severity::kWarning;
  print_error(render_text(warning, {.color = color_wanted()}));
}

namespace {

constexpr const char* kStartSeconds = "TENON_MPI_START_SECONDS";

/// Ends the process where it lives for longer than `seconds`: MPI begins when all ranks have come,
/// and waits for ever for one that does not.
class StartWatch {
 public:
  explicit StartWatch(double seconds) : watch_([this, seconds] { wait(seconds); }) {}
  ~StartWatch() {
    {
      const std::lock_guard lock(mutex_);
      begun_ = true;
    }
    changed_.notify_one();
    watch_.join();
  }
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;

 private:
  void wait(double seconds) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return begun_; }))
      return;
    print_error(render_text(
        make_diagnostic(
            "R002",
            fmt::format("rank {}: MPI has not begun in {:g} seconds", dist::started_rank(),
                        seconds),
            {"it begins when every rank has called it: one was started for something else, ended "
             "before, or cannot be reached"},
            fmt::format("give every rank the same command, and look at the network between the "
                        "machines; for starts that take longer, set {}",
                        kStartSeconds)),
        {.color = color_wanted()}));
    std::_Exit(kFailed);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;
  std::thread watch_;
};

Distribution begin_mpi() {
  constexpr double kUsually = 300.0;
  const char* given = std::getenv(kStartSeconds);
  const double seconds = given != nullptr ? std::strtod(given, nullptr) : 0.0;
  const StartWatch watch(seconds > 0.0 ? seconds : kUsually);
  return Distribution::mpi();
}

void require_same_command(dist::Communicator& ranks, const std::string& command) {
  ranks.at({.stage = "comparing what they were started for"});
  const std::vector<std::string> all = ranks.all_gather(command);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    throw Error(make_diagnostic(
        "R001", fmt::format("ranks 0 and {} were started for different things", rank),
        {fmt::format("rank 0: tenon {}", all[0]),
         fmt::format("rank {}: tenon {}", rank, all[rank])},
        "give every rank the same command"));
  }
}

}  // namespace

int as_rank(CommonOptions& common, const std::string& command,
            const std::function<int(const Distribution&)>& action) {
  constexpr double kSecondsToTell = 5.0;
  const Distribution distribution = begin_mpi();
  const bool leads = distribution.rank() == 0;
  if (!leads) common.quiet = true;
  dist::Communicator& ranks = *distribution.communicator();
  int status = kFailed;
  try {
    require_same_command(ranks, command);
    status = action(distribution);
  } catch (const std::exception& error) {
    ranks.fail(std::current_exception());
    const auto* known = dynamic_cast<const Error*>(&error);
    status = known != nullptr ? exit_status_of(*known) : kFailed;
    const std::vector<Diagnostic> why =
        known != nullptr ? known->diagnostics() : std::vector{make_diagnostic("", error.what())};
    if (leads || !ranks.first_rank_knows(kSecondsToTell)) report(why, common);
  }
  dist::end_mpi(ranks.failed(), status);
  return status;
}

}  // namespace tenon::cli
