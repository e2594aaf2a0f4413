#pragma once

#include <cstdint>

namespace tenon::backend::onednn {

/// Per channel, at the first of the row's.
struct PoolingFactors {
  const float* mean;
  const float* scale;
  const float* offset;
  const float* x_factor;
  const float* constant;
};

/// A row of windows of some channels of an image.
struct PoolingRow {
  const float* x = nullptr;  ///< The first window's first element.
  std::int64_t windows = 0;
  std::int64_t window_step = 0;           ///< From window to window in x.
  std::int64_t pixel_step = 0;            ///< … in y.
  const std::int64_t* offsets = nullptr;  ///< Of a window's elements.
  int taps = 0;                           ///< How many they are.
  float slope = 1.0F;                     ///< Of the relu; 1: there is none.
  PoolingFactors factors{};
};

/// The inner loops over `channels` channels; for rows of normalized_pooling.
struct PoolingRows {
  int channels = 1;
  /// `places` may be null.
  void (*forward)(const PoolingRow& row, float* y, std::uint8_t* places);
  /// Adds Σ gradient and Σ gradient·(x − mean).
  void (*sum)(const PoolingRow& row, const float* dy, const std::uint8_t* places, double* sums,
              double* products);
  void (*backward)(const PoolingRow& row, const float* dy, const std::uint8_t* places, float* dx);
};
/// As many channels as a vector of this processor has.
PoolingRows vector_pooling_rows();
/// One channel.
PoolingRows single_pooling_rows();

}  // namespace tenon::backend::onednn
