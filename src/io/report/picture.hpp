#pragma once

#include <cstdint>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::report {

/// True for (height, width, 1 or 3) of numbers.
bool is_image(const Tensor& tensor);

/// A place in a picture, in pixels.
struct Frame {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Fills `frame`, which must lie inside of `ground` (uint8 (height, width, 3)), with an image,
/// brought to its size by taking the nearest pixels. Floats from 0 to 1 are taken as shares of
/// white, others are stretched from their least to their greatest value.
void draw_image(Tensor& ground, const Tensor& image, const Frame& frame);

/// Images in rows and columns on a grey ground, each drawn with `cell` pixels a side, as uint8
/// (height, width, 3).
Tensor picture_grid(const std::vector<std::vector<Tensor>>& rows, std::int64_t cell);

}  // namespace tenon::report
