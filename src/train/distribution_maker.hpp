#pragma once

#include <memory>

#include "dist/communicator.hpp"
#include "tenon/distribution.hpp"

namespace tenon {

/// Makes distributions over other transports than MPI, for tests.
class DistributionMaker {
 public:
  /// Throws ContractError (A001) for an option that is none.
  static Distribution make(std::unique_ptr<dist::Transport> transport, MpiOptions options);
  /// The same ranks with other options, for all who hold them.
  static Distribution with_options(Distribution distribution, MpiOptions options);
};

}  // namespace tenon
