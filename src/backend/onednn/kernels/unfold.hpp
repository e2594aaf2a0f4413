#pragma once

#include "backend/onednn/kernels/convolution_geometry.hpp"

namespace tenon::backend::onednn {

/// patches (out pixels, taps): for each pixel of y the elements of x that it is made of, padding as
/// 0. A convolution is then one matrix product.
void unfold(const ConvolutionGeometry& shape, int threads, const float* x, float* patches);

/// The gradient of unfold: dx, each element the sum over the patches that it is in.
void fold(const ConvolutionGeometry& shape, int threads, const float* dpatches, float* dx);

}  // namespace tenon::backend::onednn
