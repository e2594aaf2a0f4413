#include "io/readers_drawn_images.hpp"

#include <png.h>
#include <tiffio.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include <jpeglib.h>

#include "io/readers_temporary_folder.hpp"
#include "tenon/file.hpp"

namespace tenon::readers::testing {
namespace {

void append_to_string(png_structp png, png_bytep data, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(data), count);
}

struct PngDrawing {
  int bits = 8;
  int color_type = PNG_COLOR_TYPE_GRAY;
  int interlace = PNG_INTERLACE_NONE;
  int palette_size = 0;
  bool transparent = false;
};

/// Samples of one byte each; PNG packs them.
std::string draw_png(const Tensor& image, const PngDrawing& drawing) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append_to_string, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.dim(1)),
               static_cast<png_uint_32>(image.dim(0)), drawing.bits, drawing.color_type,
               drawing.interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette(static_cast<std::size_t>(drawing.palette_size));
  for (std::size_t i = 0; i < palette.size(); ++i) {
    palette[i] = {static_cast<png_byte>(i), static_cast<png_byte>(2 * i),
                  static_cast<png_byte>(255 - i)};
  }
  if (!palette.empty()) {
    png_set_PLTE(png, info, palette.data(), drawing.palette_size);
  }
  png_byte opacity = 0;
  if (drawing.transparent) {
    png_set_tRNS(png, info, &opacity, 1, nullptr);
  }
  png_write_info(png, info);
  png_set_packing(png);
  if constexpr (std::endian::native == std::endian::little) {
    png_set_swap(png);
  }
  std::vector<png_bytep> rows;
  const auto stride = static_cast<std::int64_t>(image.byte_size()) / image.dim(0);
  for (std::int64_t y = 0; y < image.dim(0); ++y) {
    rows.push_back(reinterpret_cast<png_bytep>(const_cast<std::byte*>(image.bytes())) + y * stride);
  }
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

void write_tiff_strips(TIFF* tiff, const Tensor& image, const TiffDrawing& drawing) {
  const auto rows = static_cast<std::int64_t>(drawing.rows_per_strip);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, drawing.rows_per_strip);
  const int planes = drawing.planar ? static_cast<int>(image.dim(2)) : 1;
  const auto sample = static_cast<std::int64_t>(size_of(image.dtype()));
  const std::int64_t pixel = image.dim(2) * sample;
  for (int plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < image.dim(0); y += rows) {
      const Tensor part = image.slice(y, std::min(y + rows, image.dim(0))).clone();
      std::vector<std::byte> bytes(part.bytes(), part.bytes() + part.byte_size());
      if (drawing.planar) {
        const std::size_t pixels = bytes.size() / static_cast<std::size_t>(pixel);
        std::vector<std::byte> one(pixels * static_cast<std::size_t>(sample));
        for (std::size_t p = 0; p < pixels; ++p) {
          std::memcpy(one.data() + p * static_cast<std::size_t>(sample),
                      bytes.data() + static_cast<std::int64_t>(p) * pixel + plane * sample,
                      static_cast<std::size_t>(sample));
        }
        bytes = one;
      }
      TIFFWriteEncodedStrip(
          tiff, TIFFComputeStrip(tiff, static_cast<uint32_t>(y), static_cast<uint16_t>(plane)),
          bytes.data(), static_cast<tmsize_t>(bytes.size()));
    }
  }
}

void write_tiff_tiles(TIFF* tiff, const Tensor& image, const TiffDrawing& drawing) {
  const auto side = static_cast<std::int64_t>(drawing.tile);
  TIFFSetField(tiff, TIFFTAG_TILEWIDTH, drawing.tile);
  TIFFSetField(tiff, TIFFTAG_TILELENGTH, drawing.tile);
  const int planes = drawing.planar ? static_cast<int>(image.dim(2)) : 1;
  const auto sample = static_cast<std::int64_t>(size_of(image.dtype()));
  const std::int64_t channels = drawing.planar ? 1 : image.dim(2);
  for (int plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < image.dim(0); y += side) {
      for (std::int64_t x = 0; x < image.dim(1); x += side) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(side * side * channels * sample));
        for (std::int64_t row = y; row < std::min(y + side, image.dim(0)); ++row) {
          for (std::int64_t column = x; column < std::min(x + side, image.dim(1)); ++column) {
            std::memcpy(
                bytes.data() + ((row - y) * side + (column - x)) * channels * sample,
                image.bytes() + ((row * image.dim(1) + column) * image.dim(2) + plane) * sample,
                static_cast<std::size_t>(channels * sample));
          }
        }
        TIFFWriteEncodedTile(
            tiff,
            TIFFComputeTile(tiff, static_cast<uint32_t>(x), static_cast<uint32_t>(y), 0,
                            static_cast<uint16_t>(plane)),
            bytes.data(), static_cast<tmsize_t>(bytes.size()));
      }
    }
  }
}

void set_palette(TIFF* tiff) {
  std::vector<uint16_t> red(256);
  std::vector<uint16_t> green(256);
  std::vector<uint16_t> blue(256);
  for (std::size_t i = 0; i < 256; ++i) {
    red[i] = static_cast<uint16_t>(i * 257);
    green[i] = static_cast<uint16_t>((255 - i) * 257);
    blue[i] = static_cast<uint16_t>((i / 2) * 257);
  }
  TIFFSetField(tiff, TIFFTAG_COLORMAP, red.data(), green.data(), blue.data());
}

}  // namespace

Tensor drawn_image(std::int64_t height, std::int64_t width, int channels, DType dtype) {
  Tensor image(dtype, {height, width, channels});
  for (std::int64_t i = 0; i < image.size(); ++i) {
    if (dtype == DType::kUInt16) {
      image.data<std::uint16_t>()[static_cast<std::size_t>(i)] =
          static_cast<std::uint16_t>(i * 1237 + 17);
    } else {
      image.data<std::uint8_t>()[static_cast<std::size_t>(i)] =
          static_cast<std::uint8_t>(i * 37 + 5);
    }
  }
  return image;
}

std::string drawn_tiff(const Tensor& image, const TiffDrawing& drawing) {
  const TemporaryFolder folder;
  const std::string path = folder.path("drawn.tif");
  TIFF* tiff = TIFFOpen(path.c_str(), drawing.big_endian ? "wb" : "wl");
  const auto channels = static_cast<int>(image.dim(2));
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<uint32_t>(image.dim(1)));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<uint32_t>(image.dim(0)));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, channels);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(8 * size_of(image.dtype())));
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, static_cast<int>(drawing.sample_format));
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, static_cast<int>(drawing.compression));
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
               drawing.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  const int photometric = drawing.photometric != 0xFFFF ? drawing.photometric
                          : channels >= 3               ? PHOTOMETRIC_RGB
                                                        : PHOTOMETRIC_MINISBLACK;
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
  if (channels == 2 || channels == 4) {
    const uint16_t extra = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &extra);
  }
  if (photometric == PHOTOMETRIC_PALETTE) {
    set_palette(tiff);
  }
  if (photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  drawing.tile > 0 ? write_tiff_tiles(tiff, image, drawing)
                   : write_tiff_strips(tiff, image, drawing);
  TIFFClose(tiff);
  return read_file(path);
}

std::string with_pixels_last(std::string tiff, std::size_t missing) {
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::size_t value = 0;
    std::memcpy(&value, tiff.data() + at, bytes);
    return value;
  };
  const std::size_t directory = number(4, 4);
  std::size_t offset_entry = 0;
  std::size_t count_entry = 0;
  std::size_t count = 0;
  for (std::size_t entry = directory + 2; entry < directory + 2 + 12 * number(directory, 2);
       entry += 12) {
    const std::size_t value = number(entry + 8, number(entry + 2, 2) == 3 ? 2 : 4);
    if (number(entry, 2) == TIFFTAG_STRIPOFFSETS) offset_entry = entry;
    if (number(entry, 2) == TIFFTAG_STRIPBYTECOUNTS) {
      count_entry = entry;
      count = value - missing;
    }
  }
  const std::size_t old_place = number(offset_entry + 8, number(offset_entry + 2, 2) == 3 ? 2 : 4);
  const std::string pixels = tiff.substr(old_place, count);
  const auto new_place = static_cast<std::uint32_t>(tiff.size());
  const auto new_count = static_cast<std::uint32_t>(count);
  const std::uint16_t long_type = TIFF_LONG;
  std::memcpy(tiff.data() + offset_entry + 2, &long_type, 2);
  std::memcpy(tiff.data() + offset_entry + 8, &new_place, 4);
  std::memcpy(tiff.data() + count_entry + 2, &long_type, 2);
  std::memcpy(tiff.data() + count_entry + 8, &new_count, 4);
  return tiff + pixels;
}

std::string drawn_palette_png(const Tensor& indices, int bits, bool transparent) {
  return draw_png(indices, {.bits = bits,
                            .color_type = PNG_COLOR_TYPE_PALETTE,
                            .palette_size = 1 << bits,
                            .transparent = transparent});
}

std::string drawn_low_grey_png(const Tensor& values, int bits) {
  return draw_png(values, {.bits = bits});
}

std::string drawn_interlaced_png(const Tensor& image) {
  return draw_png(image,
                  {.bits = static_cast<int>(8 * size_of(image.dtype())),
                   .color_type = image.dim(2) == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                   .interlace = PNG_INTERLACE_ADAM7});
}

std::string drawn_jpeg(const Tensor& image, bool progressive) {
  return drawn_jpeg(image, JpegDrawing{.progressive = progressive});
}

std::string drawn_jpeg(const Tensor& image, const JpegDrawing& drawing) {
  jpeg_compress_struct compressor{};
  jpeg_error_mgr errors{};
  compressor.err = jpeg_std_error(&errors);
  jpeg_create_compress(&compressor);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&compressor, &out, &size);
  compressor.image_height = static_cast<JDIMENSION>(image.dim(0));
  compressor.image_width = static_cast<JDIMENSION>(image.dim(1));
  compressor.input_components = static_cast<int>(image.dim(2));
  compressor.in_color_space = image.dim(2) == 4   ? JCS_CMYK
                              : image.dim(2) == 3 ? JCS_RGB
                                                  : JCS_GRAYSCALE;
  jpeg_set_defaults(&compressor);
  jpeg_set_quality(&compressor, 95, TRUE);
  if (compressor.num_components > 1) {
    compressor.comp_info[0].h_samp_factor = drawing.luma[0];
    compressor.comp_info[0].v_samp_factor = drawing.luma[1];
  }
  compressor.restart_interval = drawing.restart_interval;
  if (drawing.progressive) {
    jpeg_simple_progression(&compressor);
  }
  jpeg_start_compress(&compressor, TRUE);
  const auto stride = image.dim(1) * image.dim(2);
  while (compressor.next_scanline < compressor.image_height) {
    auto* row = reinterpret_cast<JSAMPROW>(const_cast<std::byte*>(image.bytes())) +
                stride * compressor.next_scanline;
    jpeg_write_scanlines(&compressor, &row, 1);
  }
  jpeg_finish_compress(&compressor);
  jpeg_destroy_compress(&compressor);
  std::string bytes(reinterpret_cast<char*>(out), size);
  std::free(out);
  return bytes;
}

}  // namespace tenon::readers::testing
