#include "io/readers/writable_image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/error.hpp"

namespace tenon::readers {

ImageInfo writable_image_info(const std::string& writer, const Tensor& image, int max_channels,
                              bool wide) {
  const std::string came =
      image.defined() ? fmt::format("{} {}", name_of(image.dtype()), image.shape().to_string())
                      : "a tensor that is not defined";
  if (!image.defined() || (image.rank() != 2 && image.rank() != 3)) {
    throw_argument_error(writer, came, "(height, width) or (height, width, channels)");
  }
  if (image.dtype() != DType::kUInt8 && !(wide && image.dtype() == DType::kUInt16)) {
    throw_argument_error(writer, came, wide ? "uint8 or uint16" : "uint8",
                         "cast it first; an image of 0 to 1 is multiplied by 255 before");
  }
  ImageInfo info;
  info.height = image.dim(0);
  info.width = image.dim(1);
  info.channels = image.rank() == 2 ? 1 : static_cast<int>(std::min<std::int64_t>(image.dim(2), 9));
  info.bits = image.dtype() == DType::kUInt16 ? 16 : 8;
  if (info.channels < 1 || info.channels > max_channels) {
    throw_argument_error(writer, came, fmt::format("1 to {} channels", max_channels));
  }
  if (info.height < 1 || info.width < 1 || info.height > kMaxImageSide ||
      info.width > kMaxImageSide) {
    throw_argument_error(writer, came, fmt::format("1 to {} pixels a side", kMaxImageSide));
  }
  return info;
}

}  // namespace tenon::readers
