#pragma once

#include <cstdint>
#include <string>

#include "io/readers/image.hpp"
#include "tenon/tensor.hpp"

namespace tenon::readers {

/// The size of `image` as a writer takes it; rank 2 is grey. Throws ContractError (A001), in the
/// name of `writer`, if it is not (height, width[, channels]) of 1 to `max_channels` channels,
/// kUInt8 (or kUInt16 where `wide` is), 1 to kMaxImageSide pixels a side.
ImageInfo writable_image_info(const std::string& writer, const Tensor& image, int max_channels,
                              bool wide);

}  // namespace tenon::readers
