#pragma once

#include <cstdlib>
#include <string>

#include "dist/mpi.hpp"

namespace tenon::cli {

/// The mpirun of the MPI that the library was built with: Open MPI's or MPICH's.
struct Mpirun {
  static bool is_open_mpi() {
    return dist::mpi_description().find("Open MPI") != std::string::npos;
  }
  /// Why there is none; empty where there is.
  static std::string why_not() {
    if (!dist::has_mpi()) return "built without MPI";
    const std::string asked = "command -v " + program() + " >/dev/null";
    return std::system(asked.c_str()) == 0 ? "" : "no " + program();
  }
  /// The beginning of a line; "-n COUNT PROGRAM …" follows.
  static std::string line() {
    return program() + (is_open_mpi() ? " --oversubscribe --allow-run-as-root " : " ");
  }
  /// The variable in which a process finds its rank.
  static std::string rank_variable() { return is_open_mpi() ? "OMPI_COMM_WORLD_RANK" : "PMI_RANK"; }

 private:
  static std::string program() { return is_open_mpi() ? "mpirun" : "mpirun.mpich"; }
};

}  // namespace tenon::cli
