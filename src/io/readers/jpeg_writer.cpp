#include <fmt/format.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <new>
#include <utility>

#include <jpeglib.h>

#include <jerror.h>

#include "io/readers/image_writer.hpp"
#include "io/readers/writable_image.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

/// libjpeg reports errors by a jump out of the call, so the functions it jumps over (named
/// guarded_…) hold nothing that has a destructor.
struct JpegWriteSession {
  jpeg_compress_struct compressor{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  jpeg_destination_mgr destination{};
  std::array<JOCTET, 16384> buffer{};
  std::string bytes;
  bool created = false;

  JpegWriteSession() = default;
  JpegWriteSession(const JpegWriteSession&) = delete;
  JpegWriteSession& operator=(const JpegWriteSession&) = delete;
  ~JpegWriteSession() {
    if (created) {
      jpeg_destroy_compress(&compressor);
    }
  }
};

JpegWriteSession& session_of(j_common_ptr common) {
  return *static_cast<JpegWriteSession*>(common->client_data);
}

[[noreturn]] void leave_by_jump(j_common_ptr common) {
  JpegWriteSession& session = session_of(common);
  (*common->err->format_message)(common, session.message.data());
  std::longjmp(session.jump, 1);
}

void no_output(j_common_ptr) {}

bool append(std::string& bytes, const JOCTET* data, std::size_t count) noexcept {
  try {
    bytes.append(reinterpret_cast<const char*>(data), count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void start_output(j_compress_ptr compressor) {
  JpegWriteSession& session = session_of(reinterpret_cast<j_common_ptr>(compressor));
  session.destination.next_output_byte = session.buffer.data();
  session.destination.free_in_buffer = session.buffer.size();
}

void keep_output(j_compress_ptr compressor, std::size_t count) {
  JpegWriteSession& session = session_of(reinterpret_cast<j_common_ptr>(compressor));
  if (!append(session.bytes, session.buffer.data(), count)) {
    ERREXIT1(compressor, JERR_OUT_OF_MEMORY, 0);
  }
}

boolean empty_output(j_compress_ptr compressor) {
  keep_output(compressor, session_of(reinterpret_cast<j_common_ptr>(compressor)).buffer.size());
  start_output(compressor);
  return TRUE;
}

void end_output(j_compress_ptr compressor) {
  const JpegWriteSession& session = session_of(reinterpret_cast<j_common_ptr>(compressor));
  keep_output(compressor, session.buffer.size() - session.destination.free_in_buffer);
}

bool guarded_write(JpegWriteSession& session, const ImageInfo& image, const unsigned char* pixels,
                   int quality) {
  if (setjmp(session.jump) != 0) {
    return false;
  }
  jpeg_compress_struct& compressor = session.compressor;
  session.created = true;
  jpeg_create_compress(&compressor);
  session.destination.init_destination = start_output;
  session.destination.empty_output_buffer = empty_output;
  session.destination.term_destination = end_output;
  compressor.dest = &session.destination;
  compressor.image_width = static_cast<JDIMENSION>(image.width);
  compressor.image_height = static_cast<JDIMENSION>(image.height);
  compressor.input_components = image.channels;
  compressor.in_color_space = image.channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&compressor);
  jpeg_set_quality(&compressor, quality, TRUE);
  compressor.comp_info[0].h_samp_factor = 1;
  compressor.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&compressor, TRUE);
  const std::size_t stride = static_cast<std::size_t>(image.width * image.channels);
  while (compressor.next_scanline < compressor.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels + stride * compressor.next_scanline);
    jpeg_write_scanlines(&compressor, &row, 1);
  }
  jpeg_finish_compress(&compressor);
  return true;
}

}  // namespace

std::string encode_jpeg(const Tensor& image, int quality) {
  const ImageInfo info = writable_image_info("write_jpeg", image, 3, false);
  if (info.channels == 2) {
    throw_argument_error("write_jpeg", "2 channels", "1 (grey) or 3 (colour)");
  }
  if (quality < 1 || quality > 100) {
    throw_argument_error("write_jpeg", fmt::format("quality = {}", quality), "1 to 100");
  }
  JpegWriteSession session;
  session.compressor.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = leave_by_jump;
  session.errors.output_message = no_output;
  session.compressor.client_data = &session;
  if (!guarded_write(session, info, reinterpret_cast<const unsigned char*>(image.bytes()),
                     quality)) {
    throw_argument_error("write_jpeg", session.message.data(), "an image that JPEG can hold");
  }
  return std::move(session.bytes);
}

void write_jpeg(const std::string& path, const Tensor& image, int quality) {
  write_file_atomically(path, encode_jpeg(image, quality));
}

}  // namespace tenon::readers
