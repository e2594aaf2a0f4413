#pragma once

#include <array>
#include <cstdint>

namespace tenon::backend::onednn {

/// Pooling of the largest value by windows that lie side by side, as those of 2 × 2 (× 2) do, in
/// channels-last volumes; an image is a volume of depth 1. What is left of x behind the last whole
/// window takes no part.
struct TiledMaximum {
  std::int64_t batch = 0;
  std::array<std::int64_t, 3> in{1, 1, 1};  ///< Depth, height, width.
  std::int64_t channels = 0;
  std::array<std::int64_t, 3> window{1, 1, 1};

  std::array<std::int64_t, 3> out() const {
    return {in[0] / window[0], in[1] / window[1], in[2] / window[2]};
  }
};

/// Where these kernels can do it: whole vectors of channels, places in a window that fit a byte.
bool tiled_maximum_fits(const TiledMaximum& shape);

/// `places`, one byte per element of y: which of the window was the (first) largest; may be null.
void tiled_maximum_forward(const TiledMaximum& shape, int threads, const float* x, float* y,
                           std::uint8_t* places);
void tiled_maximum_backward(const TiledMaximum& shape, int threads, const std::uint8_t* places,
                            const float* dy, float* dx);

}  // namespace tenon::backend::onednn
