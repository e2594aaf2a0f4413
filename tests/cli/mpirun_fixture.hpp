#pragma once

#include <cstdlib>

#include "cli/command_fixture.hpp"
#include "tenon/distribution.hpp"

namespace tenon::cli {

/// A folder with an experiment whose last batch has not as many rows for each rank, and the command
/// run in it by mpirun.
class MpirunCommand : public Command {
 protected:
  void SetUp() override {
    if (!Distribution::has_mpi()) GTEST_SKIP() << "skipped: built without MPI";
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "skipped: no mpirun";
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
    const std::string line = "cd " + folder_.string() +
                             " && timeout 120 mpirun --oversubscribe --allow-run-as-root -n " +
                             std::to_string(count) + " " TENON_BINARY_DIR "/tenon " + arguments +
                             " >out.txt 2>err.txt";
    Outcome outcome;
    outcome.status = WEXITSTATUS(std::system(line.c_str()));
    outcome.out = read_file((folder_ / "out.txt").string());
    outcome.err = read_file((folder_ / "err.txt").string());
    return outcome;
  }
};

}  // namespace tenon::cli
