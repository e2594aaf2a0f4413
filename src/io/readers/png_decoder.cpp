#include <png.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "io/readers/image_decoder.hpp"

namespace tenon::readers {
namespace {

constexpr std::string_view kKind = "PNG";
constexpr png_uint_32 kMaxSide = static_cast<png_uint_32>(kMaxImageSide);
/// Of one chunk of metadata, and how many of them are kept.
constexpr png_alloc_size_t kMaxChunkBytes = 8U << 20U;
constexpr png_uint_32 kMaxChunks = 128;

/// libpng reports errors by a jump out of the call, so the functions it jumps over (named
/// guarded_…) hold nothing that has a destructor.
struct PngSession {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const char* next = nullptr;
  std::size_t left = 0;
  std::array<char, 256> message{};

  PngSession() = default;
  PngSession(const PngSession&) = delete;
  PngSession& operator=(const PngSession&) = delete;
  ~PngSession() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& session = *static_cast<PngSession*>(png_get_error_ptr(png));
  std::snprintf(session.message.data(), session.message.size(), "%s", text);
  png_longjmp(png, 1);
}

/// libpng warns on metadata (profiles, dates); what touches pixels is an error of its own.
void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto& session = *static_cast<PngSession*>(png_get_io_ptr(png));
  if (count > session.left) {
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, session.next, count);
  session.next += count;
  session.left -= count;
}

/// Reads up to the pixels and asks for samples of 8 or 16 bits in the machine's byte order, with
/// palettes as colours and transparent colours as alpha.
bool guarded_read_header(PngSession& session) {
  if (setjmp(png_jmpbuf(session.png)) != 0) {
    return false;
  }
  png_set_user_limits(session.png, kMaxSide, kMaxSide);
  png_set_chunk_malloc_max(session.png, kMaxChunkBytes);
  png_set_chunk_cache_max(session.png, kMaxChunks);
  png_read_info(session.png, session.info);
  png_set_expand(session.png);
  if constexpr (std::endian::native == std::endian::little) {
    png_set_swap(session.png);
  }
  return true;
}

/// After the limits were checked: libpng takes its row buffers here.
bool guarded_read_pixels(PngSession& session, unsigned char* pixels, std::size_t stride,
                         png_uint_32 height) {
  if (setjmp(png_jmpbuf(session.png)) != 0) {
    return false;
  }
  const int passes = png_set_interlace_handling(session.png);
  png_read_update_info(session.png, session.info);
  if (png_get_rowbytes(session.png, session.info) != stride) {
    png_error(session.png, "the rows are of another length than the header says");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < height; ++y) {
      png_read_row(session.png, pixels + stride * y, nullptr);
    }
  }
  png_read_end(session.png, nullptr);
  return true;
}

int channels_of(const PngSession& session) {
  const auto color = png_get_color_type(session.png, session.info);
  const bool colour = (color & PNG_COLOR_MASK_COLOR) != 0;
  const bool alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 ||
                     png_get_valid(session.png, session.info, PNG_INFO_tRNS) != 0;
  return (colour ? 3 : 1) + (alpha ? 1 : 0);
}

ImageInfo read_header(PngSession& session, std::string_view bytes, const std::string& name) {
  session.next = bytes.data();
  session.left = bytes.size();
  session.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning);
  session.info = session.png == nullptr ? nullptr : png_create_info_struct(session.png);
  if (session.info == nullptr) {
    throw_image_error(kKind, name, "libpng could not be set up");
  }
  png_set_read_fn(session.png, &session, read_bytes);
  if (!guarded_read_header(session)) {
    throw_image_error(kKind, name, session.message.data());
  }
  ImageInfo info;
  info.height = png_get_image_height(session.png, session.info);
  info.width = png_get_image_width(session.png, session.info);
  info.channels = channels_of(session);
  info.bits = png_get_bit_depth(session.png, session.info) == 16 ? 16 : 8;
  check_image_limits(info, name);
  return info;
}

bool recognises(std::string_view bytes) noexcept { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }

ImageInfo info(std::string_view bytes, const std::string& name) {
  PngSession session;
  return read_header(session, bytes, name);
}

Tensor decode(std::string_view bytes, const std::string& name, const ImagePart&) {
  PngSession session;
  const ImageInfo header = read_header(session, bytes, name);
  Tensor image = allocate_image(header, name);
  const auto stride = static_cast<std::size_t>(header.width * header.channels * (header.bits / 8));
  if (!guarded_read_pixels(session, reinterpret_cast<unsigned char*>(image.bytes()), stride,
                           static_cast<png_uint_32>(header.height))) {
    throw_image_error(kKind, name, session.message.data());
  }
  return image;
}

}  // namespace

const ImageDecoder& png_decoder() noexcept {
  static const ImageDecoder decoder{kKind, recognises, info, decode};
  return decoder;
}

}  // namespace tenon::readers
