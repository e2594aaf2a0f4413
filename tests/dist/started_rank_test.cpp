#include "dist/started_rank.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

namespace tenon::dist {
namespace {

/// The environment of a process, as starters leave it, for the time of a test.
class StartedRank : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE",
                             "PMIX_RANK", "SLURM_STEP_NUM_TASKS"}) {
      const char* text = std::getenv(name);
      before_[name] = text != nullptr ? std::optional<std::string>(text) : std::nullopt;
      ::unsetenv(name);
    }
  }
  void TearDown() override {
    for (const auto& [name, text] : before_) {
      if (text) {
        ::setenv(name.c_str(), text->c_str(), 1);
      } else {
        ::unsetenv(name.c_str());
      }
    }
  }
  static void expect(int rank, int ranks, int apart) {
    EXPECT_EQ(started_rank(), rank);
    EXPECT_EQ(started_ranks(), ranks);
    EXPECT_EQ(started_apart(), apart);
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(StartedRank, OfNobodyIsAlone) { expect(0, 0, 0); }

TEST_F(StartedRank, OfOpenMpi) {
  ::setenv("OMPI_COMM_WORLD_RANK", "2", 1);
  ::setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
  // mpirun inside of a Slurm job hands its environment on.
  ::setenv("SLURM_STEP_NUM_TASKS", "2", 1);
  expect(2, 3, 0);
}

TEST_F(StartedRank, OfMpichOrSlurmsPmi) {
  ::setenv("PMI_RANK", "1", 1);
  ::setenv("PMI_SIZE", "4", 1);
  expect(1, 4, 0);
}

TEST_F(StartedRank, OfSlurmsPmix) {
  ::setenv("PMIX_RANK", "1", 1);
  ::setenv("SLURM_STEP_NUM_TASKS", "2", 1);
  expect(1, 2, 0);
}

TEST_F(StartedRank, OfSrunWithoutMpiIsApartFromItsNeighbours) {
  ::setenv("SLURM_STEP_NUM_TASKS", "2", 1);
  expect(0, 0, 2);
  ::setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  expect(0, 0, 0);
}

}  // namespace
}  // namespace tenon::dist
