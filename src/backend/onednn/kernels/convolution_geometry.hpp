#pragma once

#include <cstdint>

namespace tenon::backend::onednn {

/// A convolution without groups over channels-last volumes, as own kernels see it. An image is a
/// volume of depth 1.
struct ConvolutionGeometry {
  std::int64_t batch = 0;
  std::int64_t in_depth = 1, in_height = 0, in_width = 0, in_channels = 0;
  std::int64_t out_depth = 1, out_height = 0, out_width = 0, out_channels = 0;
  std::int64_t kernel_depth = 1, kernel_height = 0, kernel_width = 0;
  std::int64_t stride_depth = 1, stride_height = 1, stride_width = 1;
  std::int64_t dilation_depth = 1, dilation_height = 1, dilation_width = 1;
  std::int64_t pad_front = 0, pad_top = 0, pad_left = 0;
  std::int64_t pad_back = 0, pad_bottom = 0, pad_right = 0;
  std::int64_t out_block = 0;  ///< Channels of y lie in blocks of so many; 0: they do not.

  /// Elements of x behind one element of y.
  std::int64_t taps() const { return kernel_depth * kernel_height * kernel_width * in_channels; }
  std::int64_t out_pixels() const { return batch * out_depth * out_height * out_width; }
  /// Of the whole batch.
  std::int64_t out_rows() const { return batch * out_depth * out_height; }
};

}  // namespace tenon::backend::onednn
