#pragma once

#include <cstdint>

#include "backend/onednn/kernels/numbers.hpp"

namespace tenon::backend::onednn {

/// One output row of a convolution. Tap t of pixel i is x[i·step + offsets[t]].
struct PatchRowForward {
  std::int64_t taps = 0;
  std::int64_t pixels = 0;
  std::int64_t step = 0;
  std::int64_t channels = 0;  ///< Of y; a multiple of the vector length.
  const std::int64_t* offsets = nullptr;
  const float* kernel = nullptr;  ///< (taps, channels)
  const float* bias = nullptr;    ///< (channels), or null
  bool rectify = false;
  float slope = 0.0F;
  const float* x = nullptr;
  MutableNumbers y{};  ///< Vectors of channels: `pixel_step` apart per pixel, `vector_step` each.
  std::int64_t pixel_step = 0;
  std::int64_t vector_step = 0;
};

struct PatchRowBackward {
  std::int64_t taps = 0;
  std::int64_t pixels = 0;
  std::int64_t step = 0;
  std::int64_t channels = 0;
  const std::int64_t* offsets = nullptr;
  const float* ones = nullptr;  ///< pixels · step ones; null: no gradient of the bias
  float* sums = nullptr;        ///< (taps + 1, channels), added to; the last row is the bias's
  const float* x = nullptr;
  Numbers dy{};  ///< As y of the forward row.
  std::int64_t pixel_step = 0;
  std::int64_t vector_step = 0;
};

/// The inner loops, compiled for one instruction set.
struct PatchTiles {
  void (*forward_row)(const PatchRowForward&);
  void (*backward_row)(const PatchRowBackward&);
};
PatchTiles avx512_patch_tiles();
PatchTiles avx2_patch_tiles();

}  // namespace tenon::backend::onednn
