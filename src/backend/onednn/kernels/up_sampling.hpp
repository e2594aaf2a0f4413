#pragma once

#include <array>
#include <cstdint>

namespace tenon::backend::onednn {

/// x (batch, depth, height, width, channels) enlarged by whole factors; an image has the depth 1.
struct UpSampling {
  std::int64_t batch = 0;
  std::int64_t depth = 1, height = 0, width = 0, channels = 0;
  std::array<std::int64_t, 3> size{1, 2, 2};
  bool bilinear = false;  ///< Of images only.
};

void up_sampling_forward(const UpSampling& shape, int threads, const float* x, float* y);
void up_sampling_backward(const UpSampling& shape, int threads, const float* dy, float* dx);

}  // namespace tenon::backend::onednn
