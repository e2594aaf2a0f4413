#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::backend::onednn {

/// A channels-last convolution with so few input channels that oneDNN's kernels, which put input
/// channels into vectors, waste most of theirs: an image's first one. Groups are not supported.
struct PatchConvolution {
  std::int64_t batch = 0;
  std::int64_t in_height = 0, in_width = 0, in_channels = 0;
  std::int64_t out_height = 0, out_width = 0, out_channels = 0;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride_height = 1, stride_width = 1;
  std::int64_t dilation_height = 1, dilation_width = 1;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;

  std::int64_t taps() const { return kernel_height * kernel_width * in_channels; }
};

/// True where the kernels below can do it (and are worth it) on this processor.
bool patch_convolution_fits(const PatchConvolution& shape);

/// Bytes of scratch memory that either kernel wants.
std::size_t patch_convolution_scratch(const PatchConvolution& shape, int threads);

/// y = conv(x, kernel) + bias, then max(y, slope·y) where `rectify`. kernel: (taps, out_channels);
/// `bias` may be null.
void patch_convolution_forward(const PatchConvolution& shape, int threads, const float* x,
                               const float* kernel, const float* bias, bool rectify, float slope,
                               float* y, std::byte* scratch);

/// dkernel (taps, out_channels), and dbias unless null.
void patch_convolution_backward_weights(const PatchConvolution& shape, int threads, const float* x,
                                        const float* dy, float* dkernel, float* dbias,
                                        std::byte* scratch);

}  // namespace tenon::backend::onednn
