#pragma once

#include <cstdint>
#include <span>

#include "ops/op.hpp"

namespace tenon::backend::onednn {

/// One weight of an optimizer's step; slots that the optimizer does not use are null.
struct UpdateTarget {
  float* w = nullptr;
  const float* g = nullptr;
  float* slots[3] = {nullptr, nullptr, nullptr};  ///< In the order of the op's ports after g.
  std::int64_t count = 0;
};

/// Updates all weights in one parallel loop. `kind` is kSgdUpdate, kAdamUpdate or kRmspropUpdate.
void update_weights(ops::OpKind kind, const ops::OptimizerAttributes& attributes, int threads,
                    float learning_rate, std::int64_t iteration,
                    std::span<const UpdateTarget> targets);

}  // namespace tenon::backend::onednn
