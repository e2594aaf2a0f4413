#pragma once

#include <cstdlib>

#include "cli/command_fixture.hpp"
#include "cli/mpirun.hpp"

namespace tenon::cli {

/// A folder with an experiment whose last batch has not as many rows for each rank, and the command
/// run in it by mpirun.
class MpirunCommand : public Command {
 protected:
  void SetUp() override {
    const std::string why_not = Mpirun::why_not();
    if (!why_not.empty()) GTEST_SKIP() << "skipped: " << why_not;
    Command::SetUp();
    // 16 samples in batches of 6: the third has 4.
    replace_in("exp.toml", "size = 4", "size = 6");
  }
  void TearDown() override {
    if (!folder_.empty()) Command::TearDown();
  }

  void replace_in(const std::string& file, const std::string& part, const std::string& by) const {
    std::string text = read_file((folder_ / file).string());
    text.replace(text.find(part), part.size(), by);
    write_file_atomically((folder_ / file).string(), text);
  }

  /// `timeout` ends what hangs, with status 124.
  Outcome run_ranks(int count, const std::string& arguments) const {
    const std::string line = "cd " + folder_.string() + " && timeout 120 " + Mpirun::line() +
                             "-n " + std::to_string(count) + " " TENON_BINARY_DIR "/tenon " +
                             arguments + " >out.txt 2>err.txt";
    Outcome outcome;
    outcome.status = WEXITSTATUS(std::system(line.c_str()));
    outcome.out = read_file((folder_ / "out.txt").string());
    outcome.err = read_file((folder_ / "err.txt").string());
    return outcome;
  }
};

}  // namespace tenon::cli
