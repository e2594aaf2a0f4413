#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tenon/tensor.hpp"

namespace tenon::readers::testing {

/// (height, width, channels) with a different value in nearly every sample; kUInt8 or kUInt16.
Tensor drawn_image(std::int64_t height, std::int64_t width, int channels,
                   DType dtype = DType::kUInt8);

struct TiffDrawing {
  bool big_endian = false;
  bool planar = false;
  std::uint32_t tile = 0;  ///< Pixels a side, a multiple of 16; 0: strips.
  std::uint32_t rows_per_strip = 3;
  std::uint16_t compression = 1;       ///< COMPRESSION_NONE.
  std::uint16_t photometric = 0xFFFF;  ///< Grey or RGB by the channels.
  std::uint16_t sample_format = 1;
};
/// `image` as a TIFF file, written by libtiff.
std::string drawn_tiff(const Tensor& image, const TiffDrawing& drawing = {});

/// A little-endian TIFF of one strip whose pixels lie behind its directory: cut off, it loses
/// pixels only, while libtiff's own order loses the directory first. `missing` bytes of its strip
/// are left out, and not counted.
std::string with_pixels_last(std::string tiff, std::size_t missing = 0);

/// A PNG of `bits` per index (1, 2, 4 or 8) whose colours are (i, 2 i, 255 - i) for index i, index
/// 0 being transparent if `transparent`. `indices` is (height, width).
std::string drawn_palette_png(const Tensor& indices, int bits, bool transparent);
/// Grey of 1, 2 or 4 bits, `values` (height, width) below 2^bits.
std::string drawn_low_grey_png(const Tensor& values, int bits);
/// `image` interlaced.
std::string drawn_interlaced_png(const Tensor& image);

/// How a JPEG keeps its pixels.
struct JpegDrawing {
  bool progressive = false;
  std::array<int, 2> luma{2, 2};  ///< Samples of brightness (across, down) for one of colour.
  unsigned restart_interval = 0;  ///< Blocks between two marks to begin anew; 0: none.
};
/// `image` (channels 1, 3, or 4 for CMYK as stored) as a JPEG.
std::string drawn_jpeg(const Tensor& image, const JpegDrawing& drawing);
std::string drawn_jpeg(const Tensor& image, bool progressive);

}  // namespace tenon::readers::testing
