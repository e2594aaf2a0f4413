#include <cstdlib>
#include <initializer_list>

#include "dist/mpi.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {

bool has_mpi() noexcept { return false; }
std::string mpi_description() { return "not built in"; }
// One of several is told that it cannot be, before each trains by itself into one folder.
bool started_by_mpi() noexcept {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const char* text = std::getenv(name); text != nullptr && std::atoi(text) > 1) return true;
  }
  return false;
}

std::unique_ptr<Transport> mpi_transport() {
  throw Error(make_diagnostic("R002", "this library was built without MPI", {},
                              "install Open MPI (libopenmpi-dev) or MPICH, and build it anew"));
}

void end_mpi(bool, int) noexcept {}

}  // namespace tenon::dist
