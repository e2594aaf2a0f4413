#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/onednn/kernels/convolution_geometry.hpp"
#include "backend/onednn/kernels/numbers.hpp"

namespace tenon::backend::onednn {

// For convolutions with so few input channels that oneDNN's kernels, which put input channels into
// vectors, waste most of theirs: an image's first one.

/// x as it lies: floats, or numbers that are converted row by row where they are read.
struct PatchSource {
  const float* floats = nullptr;
  const std::uint8_t* bytes = nullptr;  ///< Instead of floats.
  /// x = number · scale + offset, in_width · in_channels of each; null: floats as they are.
  const float* scale = nullptr;
  const float* offset = nullptr;
  bool rounded = false;  ///< Then rounded to bfloat16.

  bool converts() const { return scale != nullptr; }
};

/// True where the kernels below can do it (and are worth it) on this processor.
bool patch_convolution_fits(const ConvolutionGeometry& shape);

/// Bytes of scratch memory that either kernel wants.
std::size_t patch_convolution_scratch(const ConvolutionGeometry& shape, int threads);

/// y = conv(x, kernel) + bias, then max(y, slope·y) where `rectify`. kernel: (taps, out_channels);
/// `bias` may be null.
void patch_convolution_forward(const ConvolutionGeometry& shape, int threads, const PatchSource& x,
                               const float* kernel, const float* bias, bool rectify, float slope,
                               MutableNumbers y, std::byte* scratch);

/// dkernel (taps, out_channels), and dbias unless null.
void patch_convolution_backward_weights(const ConvolutionGeometry& shape, int threads,
                                        const PatchSource& x, Numbers dy, float* dkernel,
                                        float* dbias, std::byte* scratch);

}  // namespace tenon::backend::onednn
