#pragma once

#include <memory>
#include <string>

#include "dist/transport.hpp"

namespace tenon::dist {

/// Whether this library was built with MPI, and what `tenon --version` says of it.
bool has_mpi() noexcept;
std::string mpi_description();

/// True in a process that mpirun, srun or another starter of MPI made one of several.
bool started_by_mpi() noexcept;

/// All processes of the job, in messages of their own. Begins MPI in this process where nobody has,
/// asking for MPI_THREAD_SERIALIZED: from then on MPI is called by whoever uses what this gives,
/// one thread at a time. Throws Error (R002) where MPI was not built in, or gives less than that
/// and another thread than the one that began MPI calls.
std::unique_ptr<Transport> mpi_transport();

/// To be called at the very end of a process that began MPI here, with its exit status; done by the
/// process's end otherwise. All ranks end together: those that failed end the job with their
/// status, once each has had a few seconds to say why.
void end_mpi(bool failed, int status) noexcept;

}  // namespace tenon::dist
