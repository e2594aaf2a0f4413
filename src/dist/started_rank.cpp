#include "dist/started_rank.hpp"

#include <cstdlib>
#include <initializer_list>

namespace tenon::dist {

int started_rank() noexcept {
  // Open MPI; MPICH and Slurm's PMI; Slurm's and others' PMIx.
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 0;
}

}  // namespace tenon::dist
