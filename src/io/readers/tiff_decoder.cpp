#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "io/readers/image_decoder.hpp"
#include "io/readers/tiff_file.hpp"
#include "io/readers/tiff_geometry.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::string_view kKind = "TIFF";
constexpr std::int64_t kMaxPagesBytes = std::int64_t{1} << 32;

/// How the pixels lie in the file. A chunk is a tile, or a strip of whole rows.
struct TiffLayout {
  ImageInfo stored;  ///< Channels as stored; a palette has one.
  uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  bool tiled = false;
  bool planar = false;  ///< Each channel in chunks of its own.
  std::int64_t chunk_height = 0;
  std::int64_t chunk_width = 0;

  int chunk_channels() const { return planar ? 1 : stored.channels; }
  std::int64_t sample_bytes() const { return stored.bits / 8; }
  std::int64_t row_bytes() const { return chunk_width * chunk_channels() * sample_bytes(); }
};

void check_compression(const TiffFile& file) {
  constexpr std::array<uint16_t, 9> kRead = {
      COMPRESSION_NONE,    COMPRESSION_LZW,           COMPRESSION_PACKBITS,
      COMPRESSION_DEFLATE, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_JPEG,
      COMPRESSION_LZMA,    COMPRESSION_ZSTD,          COMPRESSION_WEBP};
  const auto compression = file.tag<uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  const bool known = std::find(kRead.begin(), kRead.end(), compression) != kRead.end();
  if (!known || TIFFIsCODECConfigured(compression) == 0) {
    file.fail(fmt::format("compression {} is not read here", compression));
  }
}

void check_samples(const TiffFile& file, const TiffLayout& layout) {
  const int bits = layout.stored.bits;
  const auto format = file.tag<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  const bool whole = bits == 8 || bits == 16 || bits == 32;
  const bool known =
      format == SAMPLEFORMAT_IEEEFP ? bits == 32 || bits == 64
      : format == SAMPLEFORMAT_INT || format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID
          ? whole
          : false;
  if (!known) {
    file.fail(fmt::format(
        "its samples have {} bits{}; whole numbers of 8, 16 or 32 bits and floating ones of 32 or "
        "64 are read",
        bits,
        format == SAMPLEFORMAT_IEEEFP ? " (floating)"
        : format == SAMPLEFORMAT_INT  ? " (signed)"
                                      : ""));
  }
}

/// The colour model, and that the channels suit it.
void check_photometric(TiffFile& file, TiffLayout& layout) {
  const int channels = layout.stored.channels;
  const auto compression = file.tag<uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  const bool is_plain =
      layout.stored.samples == ImageInfo::Samples::kUnsigned && layout.stored.bits <= 16;
  bool suits = false;
  switch (layout.photometric) {
    case PHOTOMETRIC_MINISBLACK:
      suits = channels == 1 || channels == 2;
      break;
    case PHOTOMETRIC_MINISWHITE:
      suits = (channels == 1 || channels == 2) && is_plain;
      break;
    case PHOTOMETRIC_RGB:
      suits = channels == 3 || channels == 4;
      break;
    case PHOTOMETRIC_PALETTE:
      suits = channels == 1 && layout.stored.bits == 8 && is_plain;
      break;
    case PHOTOMETRIC_YCBCR:
      suits = channels == 3 && compression == COMPRESSION_JPEG && !layout.planar;
      if (suits) {
        TIFFSetField(file.handle(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      }
      break;
    default:
      break;
  }
  if (!suits) {
    file.fail(fmt::format(
        "colour model {} with {} channels of {} bits is not read here; grey, RGB and 8-bit "
        "palettes are",
        layout.photometric, channels, layout.stored.bits));
  }
}

TiffLayout read_layout(TiffFile& file) {
  TiffLayout layout;
  layout.stored.height = file.tag<uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  layout.stored.width = file.tag<uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  layout.stored.channels = file.tag<uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.stored.bits = file.tag<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  const auto format = file.tag<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  layout.stored.samples = format == SAMPLEFORMAT_IEEEFP ? ImageInfo::Samples::kFloat
                          : format == SAMPLEFORMAT_INT  ? ImageInfo::Samples::kSigned
                                                        : ImageInfo::Samples::kUnsigned;
  layout.photometric = file.tag<uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  layout.planar =
      file.tag<uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE &&
      layout.stored.channels > 1;
  check_compression(file);
  check_samples(file, layout);
  check_photometric(file, layout);
  check_image_limits(layout.stored, file.name());
  layout.tiled = TIFFIsTiled(file.handle()) != 0;
  layout.chunk_width =
      layout.tiled ? file.tag<uint32_t>(TIFFTAG_TILEWIDTH, 0) : layout.stored.width;
  layout.chunk_height =
      layout.tiled ? file.tag<uint32_t>(TIFFTAG_TILELENGTH, 0)
                   : std::min<std::int64_t>(file.tag<uint32_t>(TIFFTAG_ROWSPERSTRIP, UINT32_MAX),
                                            layout.stored.height);
  return layout;
}

ImageInfo decoded_info(const TiffLayout& layout) {
  ImageInfo info = layout.stored;
  if (layout.photometric == PHOTOMETRIC_PALETTE) {
    info.channels = 3;
  }
  return info;
}

/// The buffer of one chunk. A tile may be larger than its image; it is held to the same limits.
std::vector<unsigned char> allocate_chunk(const TiffFile& file, const TiffLayout& layout) {
  check_image_limits({layout.chunk_height, layout.chunk_width, layout.chunk_channels(),
                      layout.stored.bits, layout.stored.samples},
                     file.name() + " (one of its tiles)");
  const auto bytes = static_cast<std::uint64_t>(layout.chunk_height * layout.row_bytes());
  const std::uint64_t stated =
      layout.tiled ? TIFFTileSize64(file.handle())
                   : TIFFVStripSize64(file.handle(), static_cast<uint32_t>(layout.chunk_height));
  if (stated != bytes) {
    file.fail(fmt::format("its strips or tiles have {} bytes, {} were expected", stated, bytes));
  }
  return std::vector<unsigned char>(bytes);
}

/// Decodes the chunk whose upper left corner is at (y, x); `rows` of it lie inside the image.
void read_chunk(const TiffFile& file, const TiffLayout& layout, std::int64_t y, std::int64_t x,
                int plane, std::int64_t rows, std::vector<unsigned char>& chunk) {
  const auto row = static_cast<uint32_t>(y);
  const auto sample = static_cast<uint16_t>(plane);
  const std::int64_t expected = (layout.tiled ? layout.chunk_height : rows) * layout.row_bytes();
  const std::int64_t got =
      layout.tiled
          ? TIFFReadEncodedTile(
                file.handle(),
                TIFFComputeTile(file.handle(), static_cast<uint32_t>(x), row, 0, sample),
                chunk.data(), expected)
          : TIFFReadEncodedStrip(file.handle(), TIFFComputeStrip(file.handle(), row, sample),
                                 chunk.data(), expected);
  if (got != expected || file.damaged()) {
    file.fail(fmt::format("the pixels at row {} are cut off", y));
  }
}

/// Copies the part of a chunk that lies inside the image to its place.
void place_chunk(const TiffLayout& layout, const std::vector<unsigned char>& chunk, std::int64_t y,
                 std::int64_t x, int plane, std::int64_t rows, unsigned char* pixels) {
  const std::int64_t columns = std::min(layout.chunk_width, layout.stored.width - x);
  const auto sample = static_cast<std::size_t>(layout.sample_bytes());
  const auto pixel = static_cast<std::size_t>(layout.stored.channels) * sample;
  const std::size_t out_stride = static_cast<std::size_t>(layout.stored.width) * pixel;
  for (std::int64_t row = 0; row < rows; ++row) {
    const unsigned char* in = chunk.data() + row * layout.row_bytes();
    unsigned char* out = pixels + static_cast<std::size_t>(y + row) * out_stride +
                         static_cast<std::size_t>(x) * pixel +
                         static_cast<std::size_t>(plane) * sample;
    if (!layout.planar) {
      std::memcpy(out, in, static_cast<std::size_t>(columns) * pixel);
      continue;
    }
    for (std::int64_t column = 0; column < columns; ++column, in += sample, out += pixel) {
      std::memcpy(out, in, sample);
    }
  }
}

void read_pixels(const TiffFile& file, const TiffLayout& layout, unsigned char* pixels) {
  std::vector<unsigned char> chunk = allocate_chunk(file, layout);
  const int planes = layout.planar ? layout.stored.channels : 1;
  for (int plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < layout.stored.height; y += layout.chunk_height) {
      const std::int64_t rows = std::min(layout.chunk_height, layout.stored.height - y);
      for (std::int64_t x = 0; x < layout.stored.width; x += layout.chunk_width) {
        read_chunk(file, layout, y, x, plane, rows, chunk);
        place_chunk(layout, chunk, y, x, plane, rows, pixels);
      }
    }
  }
}

template <class T>
void invert_grey(Tensor& image) {
  const std::span<T> samples = image.data<T>();
  const auto channels = static_cast<std::size_t>(image.dim(2));
  for (std::size_t index = 0; index < samples.size(); index += channels) {
    samples[index] = static_cast<T>(~samples[index]);
  }
}

/// The colours of a palette, 16 bits in the standard; old writers stored 8.
Tensor apply_palette(const TiffFile& file, const Tensor& indices) {
  std::array<uint16_t*, 3> maps{};
  if (TIFFGetField(file.handle(), TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]) != 1) {
    file.fail("its palette is missing");
  }
  const bool wide = std::any_of(maps.begin(), maps.end(), [](const uint16_t* map) {
    return std::any_of(map, map + 256, [](uint16_t value) { return value > 255; });
  });
  Tensor image = Tensor::uninitialized(DType::kUInt8, {indices.dim(0), indices.dim(1), 3});
  std::uint8_t* out = image.data<std::uint8_t>().data();
  for (const std::uint8_t index : indices.data<std::uint8_t>()) {
    for (const uint16_t* map : maps) {
      *out++ = static_cast<std::uint8_t>(wide ? map[index] >> 8 : map[index]);
    }
  }
  return image;
}

bool recognises(std::string_view bytes) noexcept {
  constexpr std::array<std::string_view, 4> kMarks = {
      std::string_view("II\x2A\x00", 4), std::string_view("MM\x00\x2A", 4),
      std::string_view("II\x2B\x00", 4), std::string_view("MM\x00\x2B", 4)};
  return std::any_of(kMarks.begin(), kMarks.end(),
                     [&](std::string_view mark) { return bytes.starts_with(mark); });
}

ImageInfo info(std::string_view bytes, const std::string& name) {
  TiffFile file(bytes, name);
  return decoded_info(read_layout(file));
}

/// Unsigned samples of 32 bits have no dtype of their own.
Tensor widened(const Tensor& image) {
  Tensor wide = Tensor::uninitialized(DType::kInt64, image.shape());
  const std::span<const std::int32_t> in = image.data<std::int32_t>();
  std::transform(in.begin(), in.end(), wide.data<std::int64_t>().begin(),
                 [](std::int32_t value) { return static_cast<std::uint32_t>(value); });
  return wide;
}

Tensor decode_page(TiffFile& file) {
  const TiffLayout layout = read_layout(file);
  check_image_limits(decoded_info(layout), file.name());
  const bool unsigned_32 = image_dtype(layout.stored) == DType::kInt64;
  ImageInfo held = layout.stored;
  if (unsigned_32) held.samples = ImageInfo::Samples::kSigned;
  Tensor image = allocate_image(held, file.name());
  read_pixels(file, layout, reinterpret_cast<unsigned char*>(image.bytes()));
  if (unsigned_32) return widened(image);
  if (layout.photometric == PHOTOMETRIC_MINISWHITE) {
    layout.stored.bits == 16 ? invert_grey<std::uint16_t>(image) : invert_grey<std::uint8_t>(image);
  }
  return layout.photometric == PHOTOMETRIC_PALETTE ? apply_palette(file, image) : image;
}

Tensor decode(std::string_view bytes, const std::string& name, const ImagePart& part) {
  TiffFile file(bytes, name);
  file.select_page(part.page);
  return decode_page(file);
}

/// A smaller copy of a page, or which of its pixels count.
bool is_extra(const TiffFile& file) {
  const auto type = file.tag<uint32_t>(TIFFTAG_SUBFILETYPE, 0);
  return (type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0;
}

/// How many pages a volume gets, held to the limit of one image each and in all.
std::int64_t count_pages(std::string_view bytes, const std::string& name) {
  TiffFile file(bytes, name);
  std::int64_t pages = 0;
  std::int64_t total = 0;
  do {
    if (is_extra(file)) continue;
    const ImageInfo page = decoded_info(read_layout(file));
    total += page.height * page.width * page.channels *
             static_cast<std::int64_t>(size_of(image_dtype(page)));
    ++pages;
    if (total > kMaxPagesBytes) {
      throw_file_error(name, fmt::format("its pages would take more than {} bytes", kMaxPagesBytes),
                       "a smaller volume", "read single pages with load_image and page");
    }
  } while (file.next_page());
  if (pages == 0) file.fail("there are no pages in it but thumbnails and masks");
  return pages;
}

}  // namespace

bool is_tiff(std::string_view bytes) noexcept { return recognises(bytes); }

Tensor decode_tiff_pages(std::string_view bytes, const std::string& name) {
  const std::int64_t pages = count_pages(bytes, name);
  TiffFile file(bytes, name);
  const std::optional<Geometry> geometry = tiff_geometry(file, pages);
  Tensor volume;
  std::int64_t done = 0;
  do {
    if (is_extra(file)) continue;
    const Tensor page = decode_page(file);
    if (!volume.defined()) {
      volume = Tensor::uninitialized(page.dtype(), {pages, page.dim(0), page.dim(1), page.dim(2)});
    }
    const bool same = page.dtype() == volume.dtype() && page.dim(0) == volume.dim(1) &&
                      page.dim(1) == volume.dim(2) && page.dim(2) == volume.dim(3);
    if (!same) {
      throw_file_error(name,
                       fmt::format("page {} is {} {}, the first is {} {}", done,
                                   name_of(page.dtype()), page.shape().to_string(),
                                   name_of(volume.dtype()), volume.row(0).shape().to_string()),
                       "pages of one size and kind");
    }
    std::memcpy(volume.row(done++).bytes(), page.bytes(), page.byte_size());
  } while (done < pages && file.next_page());
  if (geometry) volume.set_geometry(*geometry);
  return volume;
}

const ImageDecoder& tiff_decoder() noexcept {
  static const ImageDecoder decoder{kKind, recognises, info, decode, true};
  return decoder;
}

}  // namespace tenon::readers
