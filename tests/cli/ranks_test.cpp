// Trainings of several processes that mpirun starts.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/command_fixture.hpp"
#include "support/steps_csv.hpp"
#include "tenon/distribution.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

class RanksCommand : public Command {
 protected:
  void SetUp() override {
    if (!Distribution::has_mpi()) GTEST_SKIP() << "skipped: built without MPI";
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "skipped: no mpirun";
    Command::SetUp();
    write_experiment(kRandomStages);
  }
  void TearDown() override {
    if (!folder_.empty()) Command::TearDown();
  }

  static std::string mpirun() { return "mpirun --oversubscribe --allow-run-as-root "; }
  static std::string ranks(int count, const std::string& arguments) {
    return mpirun() + "-n " + std::to_string(count) + " " TENON_BINARY_DIR "/tenon " + arguments;
  }

  /// Starts mpirun in a group of its own.
  pid_t start(const std::string& line) const {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      const std::string whole =
          "cd " + folder_.string() + " && exec " + line + " >stdout.txt 2>stderr.txt";
      ::execl("/bin/sh", "sh", "-c", whole.c_str(), nullptr);
      ::_exit(127);
    }
    return child;
  }
  /// Its status; nothing where it has not ended after so many seconds: then it is killed.
  static std::optional<int> wait(pid_t child, double seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() >= end) {
        ::kill(-child, SIGKILL);
        ::waitpid(child, &status, 0);
        return std::nullopt;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  Outcome run_line(const std::string& line, double seconds = 120.0) const {
    Outcome outcome;
    const auto status = wait(start(line), seconds);
    EXPECT_TRUE(status) << "it hangs";
    outcome.status = status.value_or(-1);
    outcome.out = read_file((folder_ / "stdout.txt").string());
    outcome.err = read_file((folder_ / "stderr.txt").string());
    return outcome;
  }

  /// The process of that rank below `mpirun`, once it trains.
  std::optional<pid_t> process_of(pid_t mpirun, int rank) const {
    const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank);
    for (int tries = 0; tries < 4000; ++tries) {
      std::error_code ignored;
      if (fs::exists(folder_ / "run" / "state" / "state.keras", ignored)) {
        for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
          const std::string name = entry.path().filename().string();
          if (name.find_first_not_of("0123456789") != std::string::npos) continue;
          if (::getpgid(std::stoi(name)) == -1) continue;
          std::ifstream stat(entry.path() / "stat");
          std::string text((std::istreambuf_iterator<char>(stat)), {});
          std::istringstream after(text.substr(std::min(text.size(), text.rfind(')') + 1)));
          char state = 0;
          pid_t parent = 0;
          after >> state >> parent;
          if (parent != mpirun) continue;
          std::ifstream environment(entry.path() / "environ");
          std::string one;
          while (std::getline(environment, one, '\0')) {
            if (one == wanted) return std::stoi(name);
          }
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return std::nullopt;
  }
};

TEST_F(RanksCommand, TrainAsOneProcessDoesAndRankZeroAloneTellsAndWrites) {
  ASSERT_EQ(run("train exp.toml --quiet").status, 0);
  fs::rename(folder_ / "run", folder_ / "alone");
  for (const int size : {2, 4}) {
    const Outcome outcome = run_line(ranks(size, "train exp.toml"));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(count(outcome.out, "2 epochs - loss"), 1U) << outcome.out;
    EXPECT_EQ(count(outcome.err, "needs "), 1U) << outcome.err;
    const Model one = load_model((folder_ / "alone" / "model.keras").string());
    const Model all = load_model((folder_ / "run" / "model.keras").string());
    ASSERT_EQ(one.weights().size(), all.weights().size());
    for (std::size_t i = 0; i < one.weights().size(); ++i) {
      const Tensor a = one.weights()[i]->value();
      const Tensor b = all.weights()[i]->value();
      for (std::size_t k = 0; k < a.data<float>().size(); ++k)
        ASSERT_NEAR(a.data<float>()[k], b.data<float>()[k], 1e-4);
    }
    fs::remove_all(folder_ / "run");
  }
}

TEST_F(RanksCommand, DifferencesBetweenRanksAreToldWithBothSides) {
  const std::string tenon = TENON_BINARY_DIR "/tenon train exp.toml";
  const Outcome outcome =
      run_line(mpirun() + "-n 1 " + tenon + " : -n 1 " + tenon + " --set seed=2", 60.0);
  EXPECT_NE(outcome.status, 0);
  EXPECT_EQ(count(outcome.err, "error[R001]"), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("ranks 0 and 1 are not about to train the same: seed"),
                                 HasSubstr("rank 0: 3"), HasSubstr("rank 1: 2")));
}

TEST_F(RanksCommand, WhatIsWrongOnOneRankAloneEndsAll) {
  const std::string tenon = TENON_BINARY_DIR "/tenon train ";
  const Outcome outcome =
      run_line(mpirun() + "-n 1 " + tenon + "exp.toml : -n 1 " + tenon + "missing.toml", 60.0);
  EXPECT_NE(outcome.status, 0);
  EXPECT_EQ(count(outcome.err, "missing.toml"), count(outcome.err, "error[F001]")) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("it happened on rank 1 of 2"));
}

TEST_F(RanksCommand, ARankThatIsKilledEndsTheJobWhichGoesOnBitForBit) {
  const std::string options = "train exp.toml --quiet --set fit.epochs=300 --set fit.save_freq=7";
  const Outcome whole = run_line(ranks(2, options), 300.0);
  ASSERT_EQ(whole.status, 0) << whole.err;
  fs::rename(folder_ / "run", folder_ / "undisturbed");
  const pid_t job = start(ranks(2, options));
  const auto victim = process_of(job, 1);
  ASSERT_TRUE(victim);
  ::kill(*victim, SIGKILL);
  const auto status = wait(job, 60.0);
  ASSERT_TRUE(status) << "the job hangs";
  EXPECT_NE(*status, 0);
  ASSERT_TRUE(fs::exists(folder_ / "run" / "state" / "state.keras"));
  const Outcome resumed = run_line(ranks(2, options + " --resume"), 300.0);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  const Model a = load_model((folder_ / "undisturbed" / "model.keras").string());
  const Model b = load_model((folder_ / "run" / "model.keras").string());
  for (std::size_t i = 0; i < a.weights().size(); ++i)
    EXPECT_TRUE(a.weights()[i]->value().equals(b.weights()[i]->value()));
  EXPECT_EQ(testing::without_seconds(read_file((folder_ / "undisturbed" / "steps.csv").string())),
            testing::without_seconds(read_file((folder_ / "run" / "steps.csv").string())));
}

TEST_F(RanksCommand, ARankThatIsStoppedIsNamedAfterTheTimeout) {
  const std::string options =
      "train exp.toml --quiet --set fit.epochs=1000000 --set fit.save_freq=7"
      " --set fit.distribution.timeout_seconds=1";
  const pid_t job = start(ranks(2, options));
  const auto victim = process_of(job, 1);
  ASSERT_TRUE(victim);
  ::kill(*victim, SIGSTOP);
  const auto status = wait(job, 60.0);
  ::kill(*victim, SIGKILL);
  ASSERT_TRUE(status) << "the job hangs";
  EXPECT_NE(*status, 0);
  EXPECT_THAT(read_file((folder_ / "stderr.txt").string()),
              AllOf(HasSubstr("error[R002]: rank 0 waited 1 seconds for rank 1 ("),
                    HasSubstr("epoch "), HasSubstr("step ")));
  EXPECT_TRUE(fs::exists(folder_ / "run" / "state" / "state.keras"));
}

}  // namespace
}  // namespace tenon::cli
