#pragma once

#include <string>

#include "tenon/tensor.hpp"

namespace tenon::readers {

// `image` is (height, width, channels), or (height, width) for grey. Both functions write
// atomically (see tenon/file.hpp), are thread-safe, and throw ContractError (A001) on another rank,
// dtype or channel count, FormatError (F001) if the file cannot be written.

/// kUInt8 or kUInt16 with 1 to 4 channels: grey, grey and alpha, RGB, RGB and alpha.
void write_png(const std::string& path, const Tensor& image);
/// kUInt8 with 1 or 3 channels. `quality` from 1 to 100; colour is kept in full resolution (4:4:4).
void write_jpeg(const std::string& path, const Tensor& image, int quality = 95);

/// The bytes that the functions above write.
std::string encode_png(const Tensor& image);
std::string encode_jpeg(const Tensor& image, int quality = 95);

}  // namespace tenon::readers
