#include "io/readers/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/image.hpp"
#include "io/readers/image_decoder.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

/// The kind of volume that a file is by its first bytes, or by its name where it is packed; empty
/// if it is none.
std::string_view volume_kind(std::string_view bytes, std::string_view name) {
  const auto has = [&](std::string_view mark, std::size_t at) {
    return bytes.size() >= at && bytes.substr(at).starts_with(mark);
  };
  if (has("DICM", 128)) return "DICOM";
  if (has("n+1", 344) || has("ni1", 344) || has("n+2", 4) || has("ni2", 4)) return "NIfTI";
  if (has("\x1f\x8b", 0) && name.ends_with(".nii.gz")) return "NIfTI";
  if (has("NRRD000", 0)) return "NRRD";
  if (has("ObjectType", 0) || has("NDims", 0)) return "MetaImage";
  return "";
}

/// What `read` gives; where it fails, a volume is told from a damaged image. (Only then: a DICOM
/// file may be a TIFF file as well.)
template <class Read>
auto read_unless_volume(std::string_view bytes, const std::string& name, Read read) {
  try {
    return read();
  } catch (const FormatError&) {
    const std::string_view kind = volume_kind(bytes, name);
    if (kind.empty()) throw;
    throw_file_error(name, fmt::format("this is a {} file, and no image", kind),
                     "a JPEG, PNG or TIFF file", "use load_volume");
  }
}

const ImageDecoder& decoder_of(std::string_view bytes, const std::string& name) {
  for (const ImageDecoder* decoder : {&jpeg_decoder(), &png_decoder(), &tiff_decoder()}) {
    if (decoder->recognises(bytes)) {
      return *decoder;
    }
  }
  throw_file_error(
      name,
      bytes.empty() ? "the file is empty" : "this is not an image of a kind that is read here",
      "a JPEG, PNG or TIFF file");
}

Tensor decoded(std::string_view bytes, const std::string& name, const ImagePart& part) {
  const ImageDecoder& decoder = decoder_of(bytes, name);
  if (part.page != 0 && !decoder.has_pages) {
    throw_file_error(
        name, fmt::format("a {} file has one image, page {} is not there", decoder.kind, part.page),
        "page = 0");
  }
  Tensor image = decoder.decode(bytes, name, part);
  if (part.box.all() || decoder.has_boxes) return image;
  return data::crop_image(image, part.box.top, part.box.left, {part.box.height, part.box.width},
                          0.0);
}

}  // namespace

void check_image_limits(const ImageInfo& info, const std::string& name) {
  if (info.height < 1 || info.width < 1) {
    throw_file_error(name, fmt::format("the image is {} x {} pixels", info.height, info.width),
                     "at least 1 x 1");
  }
  if (info.height > kMaxImageSide || info.width > kMaxImageSide) {
    throw_file_error(
        name, fmt::format("the image is {} pixels high and {} wide", info.height, info.width),
        fmt::format("at most {} a side", kMaxImageSide));
  }
  const std::int64_t bytes = info.height * info.width * info.channels * (info.bits / 8);
  if (bytes > kMaxImageBytes) {
    throw_file_error(name, fmt::format("the decoded image would take {} bytes", bytes),
                     fmt::format("at most {}", kMaxImageBytes));
  }
}

void throw_image_error(std::string_view kind, const std::string& name, const std::string& reason) {
  throw_file_error(name, fmt::format("this {} image cannot be read: {}", kind, reason),
                   "a whole, undamaged file");
}

Tensor allocate_image(const ImageInfo& info, const std::string& name) {
  check_image_limits(info, name);
  return Tensor::uninitialized(image_dtype(info), {info.height, info.width, info.channels});
}

DType image_dtype(const ImageInfo& info) noexcept {
  switch (info.samples) {
    case ImageInfo::Samples::kFloat:
      return info.bits == 64 ? DType::kFloat64 : DType::kFloat32;
    case ImageInfo::Samples::kSigned:
      return info.bits == 32 ? DType::kInt32 : info.bits == 16 ? DType::kInt16 : DType::kInt8;
    case ImageInfo::Samples::kUnsigned:
      break;
  }
  return info.bits == 32 ? DType::kInt64 : info.bits == 16 ? DType::kUInt16 : DType::kUInt8;
}

ImageInfo read_image_info(std::string_view bytes, const std::string& name) {
  return read_unless_volume(bytes, name, [&] { return decoder_of(bytes, name).info(bytes, name); });
}

Tensor decode_image(std::string_view bytes, const std::string& name, const ImagePart& part) {
  return read_unless_volume(bytes, name, [&] { return decoded(bytes, name, part); });
}

bool is_jpeg(std::string_view bytes) noexcept { return jpeg_decoder().recognises(bytes); }

bool is_png(std::string_view bytes) noexcept { return png_decoder().recognises(bytes); }

void check_image_form(const std::string& owner, int channels, DType dtype) {
  constexpr std::array kChannels = {0, 1, 3, 4};
  if (std::find(kChannels.begin(), kChannels.end(), channels) == kChannels.end()) {
    throw_argument_error(owner, fmt::format("channels = {}", channels),
                         "1 (grey), 3 (colour), 4 (colour and alpha) or 0 (as in the file)");
  }
  constexpr std::array kDTypes = {DType::kUInt8, DType::kUInt16,  DType::kInt16,
                                  DType::kInt32, DType::kFloat32, DType::kFloat64};
  if (std::find(kDTypes.begin(), kDTypes.end(), dtype) == kDTypes.end()) {
    throw_argument_error(owner, fmt::format("dtype = \"{}\"", name_of(dtype)),
                         "uint8, uint16, int16, int32, float32 or float64");
  }
}

Tensor shaped_image(const Tensor& image, int channels, DType dtype, const std::string& name) {
  if (image.dtype() == DType::kUInt16 && dtype == DType::kUInt8) {
    throw DataError(make_diagnostic(
        "D001", fmt::format("{}: the image has 16 bits a channel, uint8 holds 8", name), {},
        "load it with dtype = \"uint16\" or \"float32\""));
  }
  const Tensor converted = convert_channels(image, channels);
  const DType stored = converted.dtype();
  if (stored == dtype) return converted;
  Tensor result = converted.cast(dtype);
  // Unsigned samples of 32 bits are mostly labels, which are small.
  const bool held = converts_without_loss(stored, dtype) || is_floating(dtype) ||
                    (stored == DType::kInt64 && result.cast(stored).equals(converted));
  if (held) return result;
  throw DataError(
      make_diagnostic("D001",
                      fmt::format("{}: the image is {}, and {} does not hold its values", name,
                                  name_of(stored), name_of(dtype)),
                      {}, "load it with dtype = \"float32\""));
}

}  // namespace tenon::readers
