#include "dist/started_rank.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>

namespace tenon::dist {
namespace {

std::optional<int> first_number_of(std::initializer_list<const char*> names) noexcept {
  for (const char* name : names) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return std::nullopt;
}

constexpr const char* kRankOfOpenMpi = "OMPI_COMM_WORLD_RANK";
constexpr const char* kTasksOfSlurm = "SLURM_STEP_NUM_TASKS";

}  // namespace

int started_rank() noexcept {
  // Open MPI; MPICH and Slurm's PMI; Slurm's and others' PMIx.
  return first_number_of({kRankOfOpenMpi, "PMI_RANK", "PMIX_RANK"}).value_or(0);
}

int started_ranks() noexcept {
  if (const auto ranks = first_number_of({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})) {
    return std::max(*ranks, 1);
  }
  // PMIx keeps the number to itself.
  if (std::getenv("PMIX_RANK") == nullptr) return 0;
  return std::max({first_number_of({kTasksOfSlurm}).value_or(1), started_rank() + 1});
}

bool starter_ends_all() noexcept { return std::getenv(kRankOfOpenMpi) != nullptr; }

int started_apart() noexcept {
  if (started_ranks() != 0) return 0;
  const int tasks = first_number_of({kTasksOfSlurm}).value_or(0);
  return tasks > 1 ? tasks : 0;
}

}  // namespace tenon::dist
