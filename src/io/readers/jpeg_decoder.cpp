#include <array>
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "data/image.hpp"
#include "io/readers/image_decoder.hpp"

namespace tenon::readers {
namespace {

constexpr std::string_view kKind = "JPEG";
/// A hostile progressive file may hold scans without end; honest encoders write about ten.
constexpr int kMaxScans = 500;

/// Everything that libjpeg reaches back to. libjpeg reports errors by a jump out of the call, so
/// the functions it jumps over (named guarded_…) hold nothing that has a destructor.
struct JpegSession {
  jpeg_decompress_struct decompressor{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  bool created = false;

  JpegSession() = default;
  JpegSession(const JpegSession&) = delete;
  JpegSession& operator=(const JpegSession&) = delete;
  ~JpegSession() {
    if (created) {
      jpeg_destroy_decompress(&decompressor);
    }
  }
};

JpegSession& session_of(j_common_ptr common) {
  return *static_cast<JpegSession*>(common->client_data);
}

[[noreturn]] void leave_by_jump(j_common_ptr common) {
  JpegSession& session = session_of(common);
  (*common->err->format_message)(common, session.message.data());
  std::longjmp(session.jump, 1);
}

/// Of the warnings, those on metadata are let pass; the others mean that pixels are missing or made
/// up, and are errors.
void on_message(j_common_ptr common, int level) {
  if (level >= 0) {
    return;
  }
  const int code = common->err->msg_code;
  if (code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR && code != JWRN_BOGUS_ICC) {
    leave_by_jump(common);
  }
}

void no_output(j_common_ptr) {}

void check_scans(j_common_ptr common) {
  JpegSession& session = session_of(common);
  if (session.decompressor.input_scan_number > kMaxScans) {
    std::snprintf(session.message.data(), session.message.size(), "more than %d scans", kMaxScans);
    std::longjmp(session.jump, 1);
  }
}

/// libjpeg has no red, green, blue for four-colour images; they are converted here.
bool is_four_colour(const jpeg_decompress_struct& decompressor) {
  return decompressor.jpeg_color_space == JCS_CMYK || decompressor.jpeg_color_space == JCS_YCCK;
}

void prepare(JpegSession& session) {
  session.decompressor.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = leave_by_jump;
  session.errors.emit_message = on_message;
  session.errors.output_message = no_output;
  session.decompressor.client_data = &session;
  session.progress.progress_monitor = check_scans;
}

bool guarded_read_header(JpegSession& session, const unsigned char* bytes, unsigned long size) {
  if (setjmp(session.jump) != 0) {
    return false;
  }
  session.created = true;
  jpeg_create_decompress(&session.decompressor);
  session.decompressor.progress = &session.progress;
  jpeg_mem_src(&session.decompressor, bytes, size);
  jpeg_read_header(&session.decompressor, TRUE);
  const bool grey = session.decompressor.jpeg_color_space == JCS_GRAYSCALE;
  session.decompressor.out_color_space = is_four_colour(session.decompressor) ? JCS_CMYK
                                         : grey                               ? JCS_GRAYSCALE
                                                                              : JCS_RGB;
  return true;
}

/// A row that libjpeg writes to. libjpeg-turbo writes past the processor's caches where a row lies
/// on its vectors, and what comes next would fetch it from afar: this one does not.
class RowBuffer {
 public:
  explicit RowBuffer(std::size_t bytes) : bytes_(bytes + 2 * kVector) {
    const auto address = std::bit_cast<std::uintptr_t>(bytes_.data());
    row_ = bytes_.data() + (kVector - address % kVector) + 1;
  }
  unsigned char* row() const noexcept { return row_; }

 private:
  static constexpr std::size_t kVector = 64;
  std::vector<unsigned char> bytes_;
  unsigned char* row_ = nullptr;
};

/// Rows of `stride` bytes into `pixels`, by way of `row`, a buffer of one row.
bool guarded_read_pixels(JpegSession& session, unsigned char* pixels, JDIMENSION height,
                         JDIMENSION width, std::size_t stride, unsigned char* row) {
  if (setjmp(session.jump) != 0) {
    return false;
  }
  jpeg_decompress_struct& decompressor = session.decompressor;
  jpeg_start_decompress(&decompressor);
  if (decompressor.output_height != height || decompressor.output_width != width) {
    std::snprintf(session.message.data(), session.message.size(), "its size is not what it said");
    return false;
  }
  while (decompressor.output_scanline < decompressor.output_height) {
    unsigned char* const out = pixels + stride * decompressor.output_scanline;
    JSAMPROW target = row;
    if (jpeg_read_scanlines(&decompressor, &target, 1) != 1) {
      continue;
    }
    if (!is_four_colour(decompressor)) {
      std::memcpy(out, row, stride);
      continue;
    }
    const bool inverted = decompressor.saw_Adobe_marker != 0;
    for (std::size_t x = 0; x < decompressor.output_width; ++x) {
      const int black = inverted ? row[4 * x + 3] : 255 - row[4 * x + 3];
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const int ink = inverted ? row[4 * x + channel] : 255 - row[4 * x + channel];
        out[3 * x + channel] = static_cast<unsigned char>((ink * black + 127) / 255);
      }
    }
  }
  jpeg_finish_decompress(&decompressor);
  return true;
}

/// Rows and columns that are decoded around a box, and which rows of it are wanted.
struct JpegWindow {
  JDIMENSION skipped = 0;  ///< Rows that are not decoded, before the first that is.
  JDIMENSION top = 0;      ///< The box's first row and the one behind its last.
  JDIMENSION bottom = 0;
  JDIMENSION left = 0;  ///< What jpeg_crop_scanline() is asked for: it takes whole blocks.
  JDIMENSION width = 0;
};

/// The box and its colours' neighbours on each side, out to whole blocks: they are mixed into the
/// box's own border where colours are kept at half the size.
JpegWindow window_around(const jpeg_decompress_struct& decompressor, const ImageBox& box) {
  constexpr std::int64_t kNeighbours = 4;
  const auto block_height = static_cast<std::int64_t>(decompressor.max_v_samp_factor) * DCTSIZE;
  const auto block_width = static_cast<std::int64_t>(decompressor.max_h_samp_factor) * DCTSIZE;
  const std::int64_t all_columns = decompressor.image_width;
  const auto number = [](std::int64_t value) { return static_cast<JDIMENSION>(value); };
  const auto block_before = [](std::int64_t place, std::int64_t block) {
    return std::max<std::int64_t>(0, place - kNeighbours) / block * block;
  };
  JpegWindow window;
  window.skipped = number(block_before(box.top, block_height));
  window.top = number(box.top);
  window.bottom = number(box.top + box.height);
  const std::int64_t left = block_before(box.left, block_width);
  const std::int64_t right =
      std::min(all_columns,
               (box.left + box.width + kNeighbours + block_width - 1) / block_width * block_width);
  window.left = number(left);
  window.width = number(right - left);
  return window;
}

/// True if what libjpeg has not taken yet is coded pixels and then the mark of the end: nothing is
/// cut off, and nothing else stands in between. Whether the codes themselves are whole is not
/// asked; finding that out costs as much as decoding them.
bool ends_as_it_should(const jpeg_decompress_struct& decompressor) {
  constexpr unsigned char kMark = 0xFF;
  constexpr unsigned char kEndOfImage = 0xD9;
  if (decompressor.unread_marker != 0) return false;
  const unsigned char* at = decompressor.src->next_input_byte;
  const unsigned char* const end = at + decompressor.src->bytes_in_buffer;
  while (at < end) {
    at = static_cast<const unsigned char*>(
        std::memchr(at, kMark, static_cast<std::size_t>(end - at)));
    if (at == nullptr || end - at < 2) return false;
    const unsigned char code = at[1];
    if (code == kEndOfImage) return true;
    const bool restart = code >= 0xD0 && code <= 0xD7 && decompressor.restart_interval != 0;
    if (code != 0 && !restart) return false;
    at += 2;
  }
  return false;
}

/// What comes after the box: where all pixels stand in one scan, only looked over.
void leave_the_rest(jpeg_decompress_struct& decompressor, JSAMPROW row) {
  const bool one_scan = decompressor.progressive_mode == FALSE &&
                        decompressor.comps_in_scan == decompressor.num_components;
  const bool any = decompressor.output_scanline < decompressor.output_height;
  if (any && one_scan && ends_as_it_should(decompressor)) return;
  if (decompressor.output_scanline + 1 < decompressor.output_height) {
    jpeg_skip_scanlines(&decompressor,
                        decompressor.output_height - decompressor.output_scanline - 1);
  }
  while (decompressor.output_scanline < decompressor.output_height) {
    jpeg_read_scanlines(&decompressor, &row, 1);
  }
  jpeg_finish_decompress(&decompressor);
}

/// The rows of `window` into `pixels`, of `width` pixels from the box's first column on, by way of
/// `row`, which holds a row of the image.
bool guarded_read_box(JpegSession& session, const JpegWindow& window, std::size_t first_byte,
                      std::size_t bytes, unsigned char* pixels, unsigned char* row) {
  if (setjmp(session.jump) != 0) {
    return false;
  }
  jpeg_decompress_struct& decompressor = session.decompressor;
  jpeg_start_decompress(&decompressor);
  JDIMENSION left = window.left;
  JDIMENSION width = window.width;
  if (width < decompressor.output_width) {
    jpeg_crop_scanline(&decompressor, &left, &width);
  }
  if (left != window.left || width < window.width) {
    std::snprintf(session.message.data(), session.message.size(), "its blocks lie otherwise");
    return false;
  }
  if (window.skipped > 0) {
    jpeg_skip_scanlines(&decompressor, window.skipped);
  }
  JSAMPROW target = row;
  while (decompressor.output_scanline < window.bottom) {
    const JDIMENSION at = decompressor.output_scanline;
    if (jpeg_read_scanlines(&decompressor, &target, 1) == 1 && at >= window.top) {
      std::memcpy(pixels + bytes * (at - window.top), row + first_byte, bytes);
    }
  }
  leave_the_rest(decompressor, row);
  return true;
}

ImageInfo read_header(JpegSession& session, std::string_view bytes, const std::string& name) {
  prepare(session);
  if (!guarded_read_header(session, reinterpret_cast<const unsigned char*>(bytes.data()),
                           static_cast<unsigned long>(bytes.size()))) {
    throw_image_error(kKind, name, session.message.data());
  }
  ImageInfo info;
  info.height = session.decompressor.image_height;
  info.width = session.decompressor.image_width;
  info.channels = session.decompressor.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  info.bits = 8;
  check_image_limits(info, name);
  return info;
}

/// The fewest of 1/8, 1/4 and 1/2 that leave enough; libjpeg-turbo's own fast ways to less.
void choose_scale(JpegSession& session, const ImagePart& part, ImageInfo& header) {
  if (part.at_least[0] <= 0 || part.at_least[1] <= 0) return;
  for (const unsigned divisor : {8U, 4U, 2U}) {
    const std::int64_t height = (header.height + divisor - 1) / divisor;
    const std::int64_t width = (header.width + divisor - 1) / divisor;
    if (height < part.at_least[0] || width < part.at_least[1]) continue;
    session.decompressor.scale_num = 1;
    session.decompressor.scale_denom = divisor;
    header.height = height;
    header.width = width;
    return;
  }
}

bool recognises(std::string_view bytes) noexcept { return bytes.starts_with("\xFF\xD8\xFF"); }

ImageInfo info(std::string_view bytes, const std::string& name) {
  JpegSession session;
  return read_header(session, bytes, name);
}

Tensor decode_box(JpegSession& session, ImageInfo header, const std::string& name,
                  const ImageBox& box) {
  const JpegWindow window = window_around(session.decompressor, box);
  const auto channels = static_cast<std::size_t>(header.channels);
  const RowBuffer row(static_cast<std::size_t>(header.width) * channels);
  header.height = box.height;
  header.width = box.width;
  Tensor image = allocate_image(header, name);
  const std::size_t first_byte = (static_cast<std::size_t>(box.left) - window.left) * channels;
  if (!guarded_read_box(session, window, first_byte, static_cast<std::size_t>(box.width) * channels,
                        image.data<std::uint8_t>().data(), row.row())) {
    throw_image_error(kKind, name, session.message.data());
  }
  return image;
}

Tensor decode(std::string_view bytes, const std::string& name, const ImagePart& part) {
  JpegSession session;
  ImageInfo header = read_header(session, bytes, name);
  const ImageBox& box = part.box;
  const bool scaled = part.at_least[0] > 0;
  if (!box.all() && !scaled && !is_four_colour(session.decompressor)) {
    return decode_box(session, header, name, box);
  }
  if (!box.all()) {
    const Tensor whole = decode(bytes, name, {part.page, part.at_least, {}});
    return data::crop_image(whole, box.top, box.left, {box.height, box.width}, 0.0);
  }
  choose_scale(session, part, header);
  Tensor image = allocate_image(header, name);
  const RowBuffer row(static_cast<std::size_t>(header.width) * 4);
  const auto stride = static_cast<std::size_t>(header.width * header.channels);
  if (!guarded_read_pixels(session, image.data<std::uint8_t>().data(),
                           static_cast<JDIMENSION>(header.height),
                           static_cast<JDIMENSION>(header.width), stride, row.row())) {
    throw_image_error(kKind, name, session.message.data());
  }
  return image;
}

}  // namespace

const ImageDecoder& jpeg_decoder() noexcept {
  static const ImageDecoder decoder{kKind, recognises, info, decode, false, true};
  return decoder;
}

}  // namespace tenon::readers
