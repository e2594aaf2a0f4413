#pragma once

#include <string>

#include "backend/onednn/kernels/batch_normalization.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {

/// Of a batch normalisation, or its gradient, as its x is to lie.
BatchNormalization normalization_shape(const Lowering& lowering, const GraphNode& node);

/// Whether a node's sums are over the rows of all ranks, for steps that outlive the node.
class Synchronization {
 public:
  explicit Synchronization(const GraphNode& node);
  MeetingPlace in(const StepNumbers& numbers) const {
    return {synchronized_ ? numbers.ranks : nullptr, name_};
  }

 private:
  bool synchronized_;
  std::string name_;
};

}  // namespace tenon::backend::onednn
