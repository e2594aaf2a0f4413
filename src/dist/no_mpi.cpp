#include "dist/mpi.hpp"
#include "dist/started_rank.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {

bool has_mpi() noexcept { return false; }
std::string mpi_description() { return "not built in"; }
// One of several is told that it cannot be, before each trains by itself into one folder.
bool started_by_mpi() noexcept { return started_ranks() > 1; }

std::unique_ptr<Transport> mpi_transport() {
  throw Error(make_diagnostic("R002", "this library was built without MPI", {},
                              "install Open MPI (libopenmpi-dev) or MPICH, and build it anew"));
}

void end_mpi(bool, int) noexcept {}

}  // namespace tenon::dist
