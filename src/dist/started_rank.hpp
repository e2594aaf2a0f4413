#pragma once

namespace tenon::dist {

/// What the environment says of how this process was started, without MPI: Open MPI's mpirun,
/// MPICH's, srun with PMI or PMIx.

/// The rank that a starter gave this process: for what only one of them is to do. 0 in a process
/// that nobody made one of several.
int started_rank() noexcept;

/// How many ranks a starter of MPI started, this one among them; 0 where none did.
int started_ranks() noexcept;

/// Whether the starter ends all ranks as soon as one has ended badly: Open MPI's mpirun.
bool starter_ends_all() noexcept;

/// How many tasks srun started side by side that cannot find each other over MPI, this one among
/// them; 0 where there is no such thing.
int started_apart() noexcept;

}  // namespace tenon::dist
