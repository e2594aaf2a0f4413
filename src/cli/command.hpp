#pragma once

namespace tenon::cli {

/// The `tenon` command. Exit status: 0 done, 1 the contract or an accuracy bar failed, 2 cannot be
/// run (bad file, bad usage), 3 failed while running, 4 stopped by a signal, resumable.
int run(int argc, char** argv);

}  // namespace tenon::cli
