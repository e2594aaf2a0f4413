#pragma once

#include <string>

#include "tenon/tensor.hpp"

namespace tenon {

/// Writes an image (height, width, channels), or (height, width) for grey, of uint8 or uint16 with
/// 1 to 4 channels: grey, grey and alpha, RGB, RGB and alpha. A reader sees the old file or the new
/// one, whole. Throws ContractError (A001) for another rank, dtype or number of channels,
/// FormatError (F001) where it cannot be written.
void save_png(const std::string& path, const Tensor& image);

}  // namespace tenon
