// What goes wrong in a training of several processes: each case ends in time, says why, and leaves
// a state to go on from. Networks that fail: network_test.cpp.
#include <algorithm>
#include <random>

#include "cli/ranks_fixture.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// The longest that a job may take to end after what went wrong, beside its timeout: five seconds
/// to tell the other ranks, five to say goodbye; the rest is for a busy machine.
constexpr double kSecondsToEnd = 30.0;

class RanksFailing : public RanksCommand {
 protected:
  static std::string options(int epochs) {
    return "train exp.toml --set fit.save_freq=7 --set fit.threads=1 --set fit.epochs=" +
           std::to_string(epochs);
  }
  /// The same training with nothing going wrong, in "undisturbed".
  void train_undisturbed(const std::string& options) const {
    const Outcome whole = run_line(ranks(2, options), 300.0);
    ASSERT_EQ(whole.status, 0) << whole.err;
    fs::rename(folder_ / "run", folder_ / "undisturbed");
  }
  /// Starts it, and sends a rank a signal once there are states. What mpirun ends with.
  std::optional<int> signalled(const std::string& options, int rank, int signal) const {
    const pid_t job = start(ranks(2, options));
    const auto victim = process_of(rank);
    EXPECT_TRUE(victim) << text_of("stderr.txt");
    if (victim) ::kill(*victim, signal);
    const auto status = wait(job, kSecondsToEnd);
    if (victim && !status) ::kill(*victim, SIGKILL);
    return status;
  }
};

TEST_F(RanksFailing, ARankThatIsKilledEndsTheJobWhichGoesOnBitForBit) {
  train_undisturbed(options(300));
  const auto status = signalled(options(300), 1, SIGKILL);
  ASSERT_TRUE(status) << "the job hangs";
  EXPECT_NE(*status, 0);
  ASSERT_TRUE(has_state());
  const Outcome resumed = run_line(ranks(2, options(300) + " --resume"), 300.0);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("run", "undisturbed");
}

TEST_F(RanksFailing, KilledAtAnyMomentTheyEndAsIfUndisturbed) {
  const std::string all = options(2400);
  train_undisturbed(all);
  std::mt19937 random(6);
  int kills = 0;
  int status = -1;
  for (int attempt = 0; status != 0 && attempt < 30; ++attempt) {
    const pid_t job = start(ranks(2, all + (attempt > 0 ? " --resume" : "")));
    if (kills < 8) {
      // Also before MPI has begun, and while the state is read.
      const int rank = static_cast<int>(random() % 2);
      std::this_thread::sleep_for(std::chrono::milliseconds(250 + random() % 500));
      if (const auto victim = find_process_of(rank)) {
        ::kill(*victim, SIGKILL);
        ++kills;
      }
    }
    const auto ended = wait(job, 120.0);
    ASSERT_TRUE(ended) << "the job hangs";
    status = *ended;
    if (status != 0) {
      ASSERT_THAT(text_of("stderr.txt"), Not(HasSubstr("error["))) << kills << " kills";
    }
  }
  ASSERT_EQ(status, 0) << text_of("stderr.txt");
  EXPECT_GE(kills, 4) << "it had ended before it was killed";
  expect_same_run("run", "undisturbed");
  EXPECT_FALSE(fs::exists(folder_ / "run" / "state"));
}

TEST_F(RanksFailing, ARankThatIsStoppedIsNamedAfterTheTimeout) {
  const std::string endless = options(1000000) + " --set fit.distribution.timeout_seconds=1";
  for (const int stopped : {0, 1}) {
    fs::remove_all(folder_ / "run");
    const auto status = signalled(endless, stopped, SIGSTOP);
    ASSERT_TRUE(status) << "the job hangs";
    EXPECT_NE(*status, 0);
    EXPECT_THAT(text_of("stderr.txt"),
                AllOf(HasSubstr("error[R002]: rank " + std::to_string(1 - stopped) +
                                " waited 1 seconds for rank " + std::to_string(stopped) + " ("),
                      HasSubstr(", epoch "), HasSubstr(", step "), Not(HasSubstr("no output"))));
    EXPECT_TRUE(has_state());
  }
}

TEST_F(RanksFailing, AnotherBuildOnOneRankIsToldBeforeAnythingIsTrained) {
  // The same program as a packager would make it smaller: it does the same and is another.
  if (std::system("command -v strip >/dev/null") != 0) GTEST_SKIP() << "skipped: no strip";
  const std::string other = (folder_ / "tenon_of_a_packager").string();
  const std::string make = "strip -R .comment -o " + other + " " TENON_BINARY_DIR "/tenon";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const Outcome outcome =
      run_line(mpirun() + "-n 1 " TENON_BINARY_DIR "/tenon train exp.toml : -n 1 " + other +
                   " train exp.toml",
               kSecondsToEnd);
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  const auto bytes = [](const fs::path& file) {
    return std::to_string(fs::file_size(file)) + " bytes, ";
  };
  EXPECT_THAT(
      outcome.err,
      AllOf(HasSubstr("error[R001]: ranks 0 and 1 are not about to train the same: program"),
            HasSubstr("rank 0: " + bytes(TENON_BINARY_DIR "/tenon")),
            HasSubstr("rank 1: " + bytes(other)),
            HasSubstr("start every rank from the same program")));
  EXPECT_FALSE(has_state());
  EXPECT_FALSE(fs::exists(folder_ / "run" / "stopped.keras"));
}

TEST_F(RanksFailing, ADamagedStateIsToldAndTheOneBeforeItUsed) {
  train_undisturbed(options(300));
  const auto status = signalled(options(300), 1, SIGKILL);
  ASSERT_TRUE(status) << "the job hangs";
  const fs::path newest = folder_ / "run" / "state" / "state.keras";
  ASSERT_TRUE(has_state("state.previous.keras"));
  std::string bytes = read_file(newest.string());
  const std::size_t middle = bytes.size() / 2;
  bytes[middle] = static_cast<char>(bytes[middle] ^ 0x10);
  write_file_atomically(newest.string(), bytes);
  const Outcome resumed = run_line(ranks(2, options(300) + " --resume"), 300.0);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err,
              AllOf(HasSubstr("state.keras"), HasSubstr("the state before it is used")));
  expect_same_run("run", "undisturbed");
}

TEST_F(RanksFailing, AFullDiskLetsThemGoOnAndTellsAtTheEnd) {
  if (std::system("unshare -rm mount -t tmpfs none /tmp >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "skipped: no file system can be mounted here (unshare -rm)";
  const std::string line = "train exp.toml --set fit.threads=1";  // A state an epoch.
  train_undisturbed(line);
  // Room for one state and the next one's half.
  const auto room = fs::file_size(folder_ / "undisturbed" / "model.keras") * 7 / 4 / 1024;
  fs::create_directories(folder_ / "run" / "state");
  const Outcome outcome = run_line(
      "unshare -rm sh -c 'mount -t tmpfs -o size=" + std::to_string(room) + "k none run/state && " +
          ranks(2, line) + "; status=$?; cp -r run kept; exit $status'",
      60.0);
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("No space left on device"),
                    HasSubstr("the training goes on; the last state that was written stays")));
  const Model stopped = load_model((folder_ / "kept" / "stopped.keras").string());
  EXPECT_EQ(train::optimizer_state(stopped)->iterations, 8) << "both epochs were trained";
  fs::remove_all(folder_ / "run");
  fs::rename(folder_ / "kept", folder_ / "run");
  const Outcome resumed = run_line(ranks(2, line + " --resume"));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("run", "undisturbed");
}

}  // namespace
}  // namespace tenon::cli
