#pragma once

#include <array>
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
  int bits = 0;      ///< Per channel as decoded: 8, 16, 32 or 64.
  enum class Samples : std::uint8_t { kUnsigned, kSigned, kFloat };
  Samples samples = Samples::kUnsigned;  ///< kUnsigned but in some TIFF files.
  bool operator==(const ImageInfo&) const = default;
};

/// Rows and columns of an image, inside of it. Empty: all.
struct ImageBox {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool all() const noexcept { return height == 0; }
};

/// What is decoded of a file.
struct ImagePart {
  int page = 0;                                ///< Of a TIFF, from 0; other kinds have one.
  std::array<std::int64_t, 2> at_least{0, 0};  ///< Of a JPEG: see LoadImageOptions.
  ImageBox box{};                              ///< Of the image as it is without one.
};

/// Limits, checked before memory is taken: pixels a side, bytes of a decoded image and of a file.
inline constexpr std::int64_t kMaxImageSide = 65535;
inline constexpr std::int64_t kMaxImageBytes = std::int64_t{1} << 30;

// JPEG, PNG and TIFF are told apart by their first bytes, never by the name. Orientation marks
// (EXIF, TIFF) and colour profiles are not applied: the pixels come as they are stored, as Keras
// loads them. Everything here is thread-safe and
// throws FormatError (F001) that names the file if it is missing, damaged, cut off, of a kind that
// is not read, or over a limit; a damaged file never gives part of an image.

ImageInfo read_image_info(const std::string& path);
/// (height, width, channels) as stored: kUInt8 or kUInt16 with the full range of the type; of a
/// TIFF also kInt8, kInt16, kInt32, kInt64 (unsigned 32 bits), kFloat32 or kFloat64.
Tensor decode_image(const std::string& path, const ImagePart& part = {});

/// The same from memory; `name` stands for the file in messages.
ImageInfo read_image_info(std::string_view bytes, const std::string& name);
Tensor decode_image(std::string_view bytes, const std::string& name, const ImagePart& part = {});
/// The bytes of an image's file, at a path or an address.
std::string read_image_file(const std::string& path);
/// True if `bytes` begin as a JPEG file does.
bool is_jpeg(std::string_view bytes) noexcept;
/// True if `bytes` begin as a PNG file does.
bool is_png(std::string_view bytes) noexcept;
/// True if `bytes` begin as a TIFF file does.
bool is_tiff(std::string_view bytes) noexcept;
/// The pages of a TIFF as a volume (pages, height, width, channels), in the dtypes of decode_image.
/// Thumbnails and masks are passed over. The pages are of one size and kind. With the geometry of
/// ImageJ's stacks (tiff_geometry).
Tensor decode_tiff_pages(std::string_view bytes, const std::string& name);

/// `image` (height, width, channels) with 1, 3 or 4 channels; 0: as it is.
/// Colour to grey is the luma of ITU-R 601 (0.299, 0.587, 0.114) in the fixed point that Pillow
/// uses; grey to colour repeats it; alpha is dropped for 1 and 3, and opaque where 4 are asked and
/// there is none. Throws ContractError (A001) on other counts.
Tensor convert_channels(const Tensor& image, int channels);

/// Throws ContractError (A001) that names `owner` for channels or a dtype that images are not given
/// in: 0, 1, 3, 4; kUInt8, kUInt16, kInt16, kInt32, kFloat32, kFloat64.
void check_image_form(const std::string& owner, int channels, DType dtype);

/// A decoded image in `channels` as above and in `dtype`, as load_image gives it; `name` stands for
/// its file in messages.
Tensor shaped_image(const Tensor& image, int channels, DType dtype, const std::string& name);

/// The image at `path` in `channels` as above and in `dtype`, values as stored (0 to 255, or to
/// 65535), not scaled. Throws DataError (D001) for a file whose values the dtype may not hold (16
/// bits into kUInt8, floats into integers), ContractError (A001) as check_image_form.
Tensor load_image(const std::string& path, int channels, DType dtype, const ImagePart& part = {});

}  // namespace tenon::readers
