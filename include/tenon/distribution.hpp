#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace tenon {

namespace dist {
class Communicator;
}

struct MpiOptions {
  /// What gradients are sent as: "float32", or "bfloat16", half the bytes; they are added in
  /// float32 either way.
  std::string wire = "float32";
  /// The longest that one process waits for another before it ends the run (R002): longer than the
  /// slowest step, validation of a shard, or file that rank 0 writes.
  double timeout_seconds = 300.0;
  /// Gradients are sent in pieces of about so many megabytes, each as soon as it is there.
  double bucket_megabytes = 4.0;
  /// The batch size of the data is that of each process: a step has N times as many rows with N of
  /// them. Otherwise it is that of all together.
  bool batch_per_rank = false;
  /// With batch_per_rank, what N processes make of the learning rate: "none"; "linear", N times as
  /// much (Goyal et al. 2017); "sqrt", the root of N times.
  std::string scale_learning_rate = "none";
  /// In the first so many steps of a training the learning rate grows in equal parts from that of
  /// one process to the scaled one.
  std::int64_t warmup_steps = 0;
};

/// The processes ("ranks") that train one model together, each on its part of every batch (Keras:
/// keras.distribution.DataParallel). The batch size of the data is that of all together, as in
/// Keras, unless MpiOptions say otherwise: N ranks compute what one process does. Each rank runs
/// the same program with the same arguments; fit gives each its rows. Rank 0 alone runs callbacks
/// and shows progress.
class Distribution {
 public:
  Distribution() = default;  ///< This process alone.
  /// All processes that mpirun or srun started. Begins MPI in this process unless it was begun;
  /// ends it when the process ends. Throws Error (R002) where the library was built without MPI,
  /// ContractError (A001) for an option that is none.
  static Distribution mpi(MpiOptions options = {});
  static bool has_mpi() noexcept;

  int rank() const noexcept;  ///< From 0.
  int size() const noexcept;
  bool alone() const noexcept { return communicator_ == nullptr; }
  const MpiOptions& options() const noexcept { return options_; }
  const std::shared_ptr<dist::Communicator>& communicator() const noexcept { return communicator_; }

 private:
  friend class DistributionMaker;
  std::shared_ptr<dist::Communicator> communicator_;
  MpiOptions options_{};
};

}  // namespace tenon
