#pragma once

#include <string>

#include "tenon/tensor.hpp"

namespace tenon::mutation {

/// `image` (height, width, channels of 1 or 3; kUInt8 or kUInt16) as a little-endian TIFF of one
/// strip, not compressed.
std::string tiff_text(const Tensor& image);

}  // namespace tenon::mutation
