#include <fmt/format.h>
#include <png.h>

#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <new>

#include "io/readers/image_writer.hpp"
#include "io/readers/writable_image.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/image_file.hpp"

namespace tenon::readers {
namespace {

/// libpng reports errors by a jump out of the call, so the functions it jumps over (named
/// guarded_…) hold nothing that has a destructor.
struct PngWriteSession {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string bytes;
  std::array<char, 256> message{};

  PngWriteSession() = default;
  PngWriteSession(const PngWriteSession&) = delete;
  PngWriteSession& operator=(const PngWriteSession&) = delete;
  ~PngWriteSession() { png_destroy_write_struct(&png, &info); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& session = *static_cast<PngWriteSession*>(png_get_error_ptr(png));
  std::snprintf(session.message.data(), session.message.size(), "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

bool append(std::string& bytes, const char* data, std::size_t count) noexcept {
  try {
    bytes.append(data, count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void write_bytes(png_structp png, png_bytep data, std::size_t count) {
  auto& session = *static_cast<PngWriteSession*>(png_get_io_ptr(png));
  if (!append(session.bytes, reinterpret_cast<const char*>(data), count)) {
    png_error(png, "out of memory");
  }
}

void flush_nothing(png_structp) {}

bool guarded_write(PngWriteSession& session, const ImageInfo& image, int color_type,
                   const unsigned char* pixels) {
  if (setjmp(png_jmpbuf(session.png)) != 0) {
    return false;
  }
  const auto height = static_cast<png_uint_32>(image.height);
  png_set_IHDR(session.png, session.info, static_cast<png_uint_32>(image.width), height, image.bits,
               color_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(session.png, session.info);
  if constexpr (std::endian::native == std::endian::little) {
    png_set_swap(session.png);
  }
  const std::size_t stride = png_get_rowbytes(session.png, session.info);
  for (png_uint_32 y = 0; y < height; ++y) {
    png_write_row(session.png, pixels + stride * y);
  }
  png_write_end(session.png, nullptr);
  return true;
}

}  // namespace

std::string encode_png(const Tensor& image) {
  constexpr std::array kColorTypes = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                      PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  const ImageInfo info = writable_image_info("write_png", image, 4, true);
  PngWriteSession session;
  session.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning);
  session.info = session.png == nullptr ? nullptr : png_create_info_struct(session.png);
  if (session.info == nullptr) {
    throw std::bad_alloc();
  }
  png_set_write_fn(session.png, &session, write_bytes, flush_nothing);
  if (!guarded_write(session, info, kColorTypes[static_cast<std::size_t>(info.channels - 1)],
                     reinterpret_cast<const unsigned char*>(image.bytes()))) {
    throw_argument_error("write_png", session.message.data(), "an image that PNG can hold");
  }
  return std::move(session.bytes);
}

void write_png(const std::string& path, const Tensor& image) {
  write_file_atomically(path, encode_png(image));
}

}  // namespace tenon::readers

namespace tenon {

void save_png(const std::string& path, const Tensor& image) { readers::write_png(path, image); }

}  // namespace tenon
