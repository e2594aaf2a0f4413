#pragma once

#include <functional>

#include "cli/console.hpp"
#include "tenon/distribution.hpp"

namespace tenon::cli {

/// True in a process that mpirun or srun made one of several, which are to share a command's work.
bool is_rank();
/// … and another of them is the one that speaks, as its environment says: for what is done once.
bool is_silent_rank();
/// In a silent rank that cannot go on: waits until rank 0 has told its user why, where the job is
/// ended for that. Returns true, after seconds, where rank 0 was started for something else, so
/// that this one is to say why; false at once where it may go without a word.
bool wait_for_the_end();
/// Tells a process which srun started beside others, without MPI, that each works by itself.
void warn_if_started_apart();

/// Runs `action` as one of the ranks, in which what ends one ends all: rank 0 says why; another
/// only where rank 0 cannot be told. Returns the status for the process, which is at its end.
/// `command`: what is to be done, as all of them have to be told ("train --resume"); where they
/// were not, that is what ends them (R001). `common` is made quiet on the other ranks before
/// `action` is called.
int as_rank(CommonOptions& common, const std::string& command,
            const std::function<int(const Distribution&)>& action);

}  // namespace tenon::cli
