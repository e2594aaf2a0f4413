#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/dtype.hpp"
#include "tenon/tensor.hpp"

namespace tenon::readers {

/// What an image file says of itself. A palette counts as the colours it stands for.
struct ImageInfo {
  std::int64_t height = 0;
  std::int64_t width = 0;
  int channels = 0;  ///< 1 grey, 2 grey and alpha, 3 colour (RGB), 4 colour and alpha.
  int bits = 0;      ///< Per channel as decoded: 8 or 16.
  bool operator==(const ImageInfo&) const = default;
};

/// Limits, checked before memory is taken: pixels a side, bytes of a decoded image and of a file.
inline constexpr std::int64_t kMaxImageSide = 65535;
inline constexpr std::int64_t kMaxImageBytes = std::int64_t{1} << 30;

// JPEG, PNG and TIFF are told apart by their first bytes, never by the name. Orientation marks
// (EXIF, TIFF) and colour profiles are not applied: the pixels come as they are stored, as Keras
// loads them. Of a TIFF with several pages the first is read. Everything here is thread-safe and
// throws FormatError (F001) that names the file if it is missing, damaged, cut off, of a kind that
// is not read, or over a limit; a damaged file never gives part of an image.

ImageInfo read_image_info(const std::string& path);
/// (height, width, channels) as stored, kUInt8 or kUInt16 with the full range of the type.
Tensor decode_image(const std::string& path);

/// The same from memory; `name` stands for the file in messages.
ImageInfo read_image_info(std::string_view bytes, const std::string& name);
Tensor decode_image(std::string_view bytes, const std::string& name);

/// `image` (height, width, channels), kUInt8 or kUInt16, with 1, 3 or 4 channels; 0: as it is.
/// Colour to grey is the luma of ITU-R 601 (0.299, 0.587, 0.114) in the fixed point that Pillow
/// uses; grey to colour repeats it; alpha is dropped for 1 and 3, and opaque where 4 are asked and
/// there is none. Throws ContractError (A001) on other counts.
Tensor convert_channels(const Tensor& image, int channels);

/// The image at `path` in `channels` as above and in `dtype`: kUInt8, kUInt16, kInt32 or kFloat32,
/// values as stored (0 to 255, or to 65535), not scaled. Throws DataError (D001) for a 16-bit file
/// into kUInt8, ContractError (A001) on other dtypes.
Tensor load_image(const std::string& path, int channels, DType dtype);

}  // namespace tenon::readers
