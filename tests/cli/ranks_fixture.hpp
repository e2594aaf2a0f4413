#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>

#include "cli/command_fixture.hpp"
#include "cli/mpirun.hpp"
#include "support/steps_csv.hpp"
#include "train/state.hpp"

namespace tenon::cli {

/// The command as several processes that mpirun starts.
class RanksCommand : public Command {
 protected:
  void SetUp() override {
    const std::string why_not = Mpirun::why_not();
    if (!why_not.empty()) GTEST_SKIP() << "skipped: " << why_not;
    Command::SetUp();
    write_experiment(kRandomStages);
  }
  void TearDown() override {
    if (!folder_.empty()) Command::TearDown();
  }

  static std::string mpirun() { return Mpirun::line(); }
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
    outcome.out = text_of("stdout.txt");
    outcome.err = text_of("stderr.txt");
    return outcome;
  }

  std::string text_of(const std::string& file) const {
    return read_file((folder_ / file).string());
  }
  bool has_state(const std::string& file = "state.keras") const {
    std::error_code ignored;
    return std::filesystem::exists(folder_ / "run" / "state" / file, ignored);
  }

  /// The process of that rank that runs in this test's folder, if there is one now.
  std::optional<pid_t> find_process_of(int rank) const {
    const std::string wanted = Mpirun::rank_variable() + "=" + std::to_string(rank);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      if (std::filesystem::read_symlink(entry.path() / "cwd", ignored) != folder_) continue;
      if (std::filesystem::read_symlink(entry.path() / "exe", ignored).filename() != "tenon")
        continue;
      std::ifstream environment(entry.path() / "environ");
      std::string one;
      while (std::getline(environment, one, '\0')) {
        if (one == wanted) return std::stoi(name);
      }
    }
    return std::nullopt;
  }
  /// … once the training has written two states; nothing where that takes too long.
  std::optional<pid_t> process_of(int rank) const {
    for (int tries = 0; tries < 4000; ++tries) {
      if (has_state("state.previous.keras")) {
        if (const auto process = find_process_of(rank)) return process;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return std::nullopt;
  }

  /// Weights, optimizer and rows of two runs are the same bit for bit.
  void expect_same_run(const std::string& one, const std::string& other) const {
    const Model a = load_model((folder_ / one / "model.keras").string());
    const Model b = load_model((folder_ / other / "model.keras").string());
    for (std::size_t i = 0; i < a.weights().size(); ++i)
      EXPECT_TRUE(a.weights()[i]->value().equals(b.weights()[i]->value()));
    const auto first = train::optimizer_state(a);
    const auto second = train::optimizer_state(b);
    EXPECT_EQ(first->iterations, second->iterations);
    ASSERT_EQ(first->slots.size(), second->slots.size());
    for (std::size_t i = 0; i < first->slots.size(); ++i)
      EXPECT_TRUE(first->slots[i].second.equals(second->slots[i].second)) << first->slots[i].first;
    EXPECT_EQ(text_of(one + "/history.csv"), text_of(other + "/history.csv"));
    EXPECT_EQ(testing::without_seconds(text_of(one + "/steps.csv")),
              testing::without_seconds(text_of(other + "/steps.csv")));
  }
};

}  // namespace tenon::cli
