#pragma once

#include <cstddef>

#include "backend/onednn/kernels/convolution_geometry.hpp"

namespace tenon::backend::onednn {

// Convolutions of which y has few pixels, as matrix products of runs: what one pixel of y takes
// from one row of x lies in one piece, and so does what it is multiplied with. Nothing is
// multiplied with padding, which on 2×2 pixels would be five of nine products. Images and kernels
// are plain.

/// y = conv(x, kernel) + bias, then max(y, slope·y) where `rectify`; `bias` may be null.
void few_pixels_forward(const ConvolutionGeometry& shape, int threads, const float* x,
                        const float* kernel, const float* bias, bool rectify, float slope,
                        float* y);
void few_pixels_backward_data(const ConvolutionGeometry& shape, const float* dy,
                              const float* kernel, float* dx, std::byte* scratch);
/// dkernel, and dbias unless null.
void few_pixels_backward_weights(const ConvolutionGeometry& shape, const float* x, const float* dy,
                                 float* dkernel, float* dbias, std::byte* scratch);
/// Bytes that the backward ones want.
std::size_t few_pixels_scratch(const ConvolutionGeometry& shape);

}  // namespace tenon::backend::onednn
