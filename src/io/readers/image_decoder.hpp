#pragma once

#include <string>
#include <string_view>

#include "io/readers/image.hpp"

namespace tenon::readers {

/// What read the bytes of one kind of image: picked by `recognises`, a test of the first bytes.
struct ImageDecoder {
  std::string_view kind;  ///< "JPEG", for messages.
  bool (*recognises)(std::string_view bytes) noexcept;
  ImageInfo (*info)(std::string_view bytes, const std::string& name);
  Tensor (*decode)(std::string_view bytes, const std::string& name, const ImagePart& part);
  bool has_pages = false;
  /// decode() gives a box for less than the whole; else the whole, to be cut by the caller.
  bool has_boxes = false;
};

const ImageDecoder& jpeg_decoder() noexcept;
const ImageDecoder& png_decoder() noexcept;
const ImageDecoder& tiff_decoder() noexcept;

/// Throws FormatError if `info` is empty or over a limit of image.hpp.
void check_image_limits(const ImageInfo& info, const std::string& name);

/// Throws FormatError: "`kind` image cannot be read", with what the library that read it said.
[[noreturn]] void throw_image_error(std::string_view kind, const std::string& name,
                                    const std::string& reason);

/// What the samples of `info` are held in; unsigned ones of 32 bits in kInt64.
DType image_dtype(const ImageInfo& info) noexcept;

/// A tensor for the pixels of `info`, contents unspecified, after check_image_limits.
Tensor allocate_image(const ImageInfo& info, const std::string& name);

}  // namespace tenon::readers
