#pragma once

#include <cstdint>

namespace tenon::backend::onednn {

/// x seen as (outer, classes, inner); the sums run over the classes.
struct SoftmaxShape {
  std::int64_t outer = 1;
  std::int64_t classes = 1;
  std::int64_t inner = 1;
};

/// Softmax, or its logarithm. y may be x.
void softmax_forward(const SoftmaxShape& shape, int threads, bool logarithm, const float* x,
                     float* y);
/// From y of the same variant. dx may be dy.
void softmax_backward(const SoftmaxShape& shape, int threads, bool logarithm, const float* y,
                      const float* dy, float* dx);

}  // namespace tenon::backend::onednn
