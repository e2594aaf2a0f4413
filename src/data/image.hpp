#pragma once

#include <cstdint>
#include <string>

#include "tenon/dataset.hpp"
#include "tenon/tensor.hpp"

namespace tenon::data {

/// Where height and width lie in an image (height, width) or (height, width, channels), or in a
/// batch of such.
struct ImageAxes {
  int height = 0;
  int width = 1;
};
/// Of a tensor of `rank`, with a batch axis before if `batched`.
inline ImageAxes image_axes(bool batched) { return batched ? ImageAxes{1, 2} : ImageAxes{0, 1}; }
/// True for (height, width) and (height, width, channels), with a batch axis before if `batched`.
inline bool is_image_rank(int rank, bool batched) {
  const int axes = batched ? rank - 1 : rank;
  return axes == 2 || axes == 3;
}

// All work on any dtype of numbers and return a new tensor; integers are rounded to the nearest.
// Throw ShapeError (S002) for a rank that is no image's, D001 for text.

/// Pixel centres lie at half numbers: output column i looks at input (i + 0.5) * scale - 0.5.
/// kBilinear mixes the two nearest pixels of each axis (with `antialias`, when shrinking, all under
/// a triangle widened by the scale); kArea averages the box of input pixels that an output pixel
/// covers, parts of pixels counting in part; kNearest takes the pixel at floor((i + 0.5) * scale).
Tensor resize_image(const Tensor& image, Size2D size, Interpolation interpolation, bool antialias,
                    bool batched = false);

/// The `size` pixels from (top, left) on; what lies outside of the image is `padding`.
Tensor crop_image(const Tensor& image, std::int64_t top, std::int64_t left, Size2D size,
                  double padding, bool batched = false);

/// Mirrors along `axis` of the tensor.
Tensor flip_axis(const Tensor& tensor, int axis);

}  // namespace tenon::data
