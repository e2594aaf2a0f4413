#pragma once

namespace tenon::dist {

/// The rank that mpirun or srun gave this process, as its environment says, without MPI: for what
/// only one of them is to do. 0 in a process that nobody made one of several.
int started_rank() noexcept;

}  // namespace tenon::dist
