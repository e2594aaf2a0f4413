#include "io/readers/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/readers/download.hpp"
#include "io/readers/image_decoder.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

const ImageDecoder& decoder_of(std::string_view bytes, const std::string& name) {
  for (const ImageDecoder* decoder : {&jpeg_decoder(), &png_decoder(), &tiff_decoder()}) {
    if (decoder->recognises(bytes)) {
      return *decoder;
    }
  }
  throw_file_error(
      name,
      bytes.empty() ? "the file is empty" : "this is not an image of a kind that is read here",
      "a JPEG, PNG or TIFF file");
}

}  // namespace

void check_image_limits(const ImageInfo& info, const std::string& name) {
  if (info.height < 1 || info.width < 1) {
    throw_file_error(name, fmt::format("the image is {} x {} pixels", info.height, info.width),
                     "at least 1 x 1");
  }
  if (info.height > kMaxImageSide || info.width > kMaxImageSide) {
    throw_file_error(
        name, fmt::format("the image is {} pixels high and {} wide", info.height, info.width),
        fmt::format("at most {} a side", kMaxImageSide));
  }
  const std::int64_t bytes = info.height * info.width * info.channels * (info.bits / 8);
  if (bytes > kMaxImageBytes) {
    throw_file_error(name, fmt::format("the decoded image would take {} bytes", bytes),
                     fmt::format("at most {}", kMaxImageBytes));
  }
}

void throw_image_error(std::string_view kind, const std::string& name, const std::string& reason) {
  throw_file_error(name, fmt::format("this {} image cannot be read: {}", kind, reason),
                   "a whole, undamaged file");
}

Tensor allocate_image(const ImageInfo& info, const std::string& name) {
  check_image_limits(info, name);
  return Tensor::uninitialized(info.bits == 16 ? DType::kUInt16 : DType::kUInt8,
                               {info.height, info.width, info.channels});
}

ImageInfo read_image_info(std::string_view bytes, const std::string& name) {
  return decoder_of(bytes, name).info(bytes, name);
}

Tensor decode_image(std::string_view bytes, const std::string& name) {
  return decoder_of(bytes, name).decode(bytes, name);
}

ImageInfo read_image_info(const std::string& path) {
  const std::string bytes = read_file_or_address(path, kMaxFileBytes);
  return read_image_info(bytes, path);
}

Tensor decode_image(const std::string& path) {
  const std::string bytes = read_file_or_address(path, kMaxFileBytes);
  return decode_image(bytes, path);
}

Tensor load_image(const std::string& path, int channels, DType dtype) {
  constexpr std::array kDTypes = {DType::kUInt8, DType::kUInt16, DType::kInt32, DType::kFloat32};
  if (std::find(kDTypes.begin(), kDTypes.end(), dtype) == kDTypes.end()) {
    throw_argument_error("load_image", fmt::format("dtype \"{}\"", name_of(dtype)),
                         "uint8, uint16, int32 or float32");
  }
  const Tensor image = decode_image(path);
  if (image.dtype() == DType::kUInt16 && dtype == DType::kUInt8) {
    throw DataError(make_diagnostic(
        "D001", fmt::format("{}: the image has 16 bits a channel, uint8 holds 8", path), {},
        "load it with dtype = \"uint16\" or \"float32\""));
  }
  const Tensor converted = convert_channels(image, channels);
  return converted.dtype() == dtype ? converted : converted.cast(dtype);
}

}  // namespace tenon::readers
