// Trainings whose ranks are on two machines, with a network between them that can fail. The
// machines are network namespaces (two_machines.hpp).
#include <optional>

#include "cli/ranks_fixture.hpp"
#include "cli/two_machines.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// The longest from a failure to the end of all processes: the timeout of the ranks (2 s), 5 s to
/// tell the others, 5 s to say goodbye, TCP's 3 s until mpirun gives the other machine up; the rest
/// is for a busy machine.
constexpr double kSecondsToEndOfNetwork = 40.0;

class RanksOnNetwork : public RanksCommand {
 protected:
  void SetUp() override {
    RanksCommand::SetUp();
    if (IsSkipped()) return;
    const std::string why_not = TwoMachines::why_not();
    if (!why_not.empty()) GTEST_SKIP() << "skipped: " << why_not;
    machines_.emplace(folder_);
  }
  void TearDown() override {
    machines_.reset();
    RanksCommand::TearDown();
  }

  static std::string options(int epochs, int timeout = 300) {
    return "train exp.toml --quiet --set fit.save_freq=7 --set fit.threads=1 --set fit.epochs=" +
           std::to_string(epochs) +
           " --set fit.distribution.timeout_seconds=" + std::to_string(timeout);
  }
  std::string on_network(int ranks, const std::string& arguments) const {
    return machines_->mpirun(ranks) + TENON_BINARY_DIR "/tenon " + arguments;
  }
  /// In one machine's memory; the run is moved to "undisturbed".
  void train_undisturbed(int count, const std::string& options) const {
    const Outcome whole = run_line(ranks(count, options), 300.0);
    ASSERT_EQ(whole.status, 0) << whole.err;
    fs::rename(folder_ / "run", folder_ / "undisturbed");
  }

  std::optional<TwoMachines> machines_;
};

TEST_F(RanksOnNetwork, TrainOverTcpAsInSharedMemoryBitForBit) {
  constexpr int kEpochs = 10;
  for (const int count : {2, 4}) {
    train_undisturbed(count, options(kEpochs));
    const std::int64_t before = machines_->bytes_sent();
    const Outcome outcome = run_line(on_network(count, options(kEpochs)));
    ASSERT_EQ(outcome.status, 0) << outcome.err << text_of("rank0.txt");
    expect_same_run("run", "undisturbed");
    // 242 weights; between two ranks half of them go over as parts and half as sums.
    constexpr std::int64_t kStepsPerEpoch = 4;
    EXPECT_GT(machines_->bytes_sent() - before, kEpochs * kStepsPerEpoch * 242 * 4);
    fs::remove_all(folder_ / "run");
    fs::remove_all(folder_ / "undisturbed");
  }
}

TEST_F(RanksOnNetwork, ACutNetworkEndsBothSidesAndTheJobWhichGoesOnBitForBit) {
  train_undisturbed(2, options(300));
  const pid_t job = start(on_network(2, options(300, 2)));
  ASSERT_TRUE(process_of(1)) << text_of("stderr.txt");
  machines_->cut();
  const auto status = wait(job, kSecondsToEndOfNetwork);
  ASSERT_TRUE(status) << "mpirun hangs";
  EXPECT_EQ(*status, 3) << text_of("stderr.txt");
  EXPECT_TRUE(machines_->are_idle(kSecondsToEndOfNetwork)) << "the other machine's side hangs";
  for (const auto& [own, other] : {std::pair("0", "1"), std::pair("1", "0")}) {
    EXPECT_THAT(text_of("rank" + std::string(own) + ".txt"),
                AllOf(HasSubstr("error[R002]: rank " + std::string(own) +
                                " waited 2 seconds for rank " + other + " ("),
                      HasSubstr(", epoch "), HasSubstr(", step "),
                      HasSubstr("has stopped, hangs, or cannot be reached")));
  }
  EXPECT_TRUE(has_state());
  machines_->join();
  const Outcome resumed = run_line(on_network(2, options(300) + " --resume"), 300.0);
  ASSERT_EQ(resumed.status, 0) << resumed.err << text_of("rank0.txt");
  expect_same_run("run", "undisturbed");
}

TEST_F(RanksOnNetwork, AShortInterruptionIsNoFailure) {
  train_undisturbed(2, options(600));
  const pid_t job = start(on_network(2, options(600)));
  ASSERT_TRUE(process_of(1)) << text_of("stderr.txt");
  machines_->cut();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  machines_->join();
  const auto status = wait(job, 300.0);
  ASSERT_EQ(status, 0) << text_of("stderr.txt") << text_of("rank0.txt");
  expect_same_run("run", "undisturbed");
}

TEST_F(RanksOnNetwork, AMachineThatDiesEndsTheJobWhichGoesOnWithTheOther) {
  train_undisturbed(2, options(300));
  const pid_t job = start(on_network(2, options(300)));
  ASSERT_TRUE(process_of(1)) << text_of("stderr.txt");
  machines_->kill_all_on_second();
  const auto status = wait(job, kSecondsToEndOfNetwork);
  ASSERT_TRUE(status) << "mpirun hangs";
  EXPECT_NE(*status, 0);
  EXPECT_TRUE(machines_->are_idle(kSecondsToEndOfNetwork)) << "a rank hangs";
  ASSERT_TRUE(has_state());
  const Outcome resumed =
      run_line(machines_->on_first() + ranks(1, options(300) + " --resume"), 300.0);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  const auto updates = [&](const std::string& run) {
    return train::optimizer_state(load_model((folder_ / run / "model.keras").string()))->iterations;
  };
  EXPECT_EQ(updates("run"), updates("undisturbed"));
}

}  // namespace
}  // namespace tenon::cli
