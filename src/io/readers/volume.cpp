#include "io/readers/volume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "io/readers/decode_pool.hpp"
#include "io/readers/image.hpp"
#include "io/readers/nifti_file.hpp"
#include "io/readers/random_access_file.hpp"
#include "io/readers/temporary_copy.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

/// float32 is what scanners' numbers become; between all others nothing may be lost.
Tensor converted(const Tensor& volume, DType dtype) {
  if (volume.dtype() == dtype) return volume;
  Tensor result = volume.cast(dtype);
  const bool rounded = volume.dtype() == DType::kFloat64 && dtype == DType::kFloat32;
  if (rounded || converts_without_loss(volume.dtype(), dtype)) return result;
  if (result.cast(volume.dtype()).equals(volume)) return result;
  throw DataError(make_diagnostic("D001",
                                  fmt::format("the volume is {}, and {} does not hold its values",
                                              name_of(volume.dtype()), name_of(dtype)),
                                  {}, "read it as float32"));
}

/// Throws FormatError (F001) where `start` is how a JPEG or a PNG begins.
void require_no_image(std::string_view start, const std::string& path) {
  const bool jpeg = is_jpeg(start);
  if (!jpeg && !is_png(start)) return;
  throw_file_error(path, fmt::format("this is a {} image, and no volume", jpeg ? "JPEG" : "PNG"),
                   "a NIfTI, NRRD, MetaImage, DICOM or TIFF file", "use load_image");
}

/// Pages of a TIFF, with the geometry that ImageJ states; nothing if `path` is no TIFF. A DICOM
/// file may begin as one: what stands before its mark is free.
std::optional<Tensor> tiff_volume(const std::string& path) {
  constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 32;
  constexpr std::uint64_t kDicomMark = 128;
  constexpr std::string_view kDicom = "DICM";
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  const auto file = open_file(path);
  const std::string start = file->read(0, std::min(file->size(), kDicomMark + kDicom.size()));
  require_no_image(start, path);
  if (!is_tiff(start) || std::string_view(start).ends_with(kDicom)) return std::nullopt;
  return decode_tiff_pages(read_file(path, kMaxFileBytes), path);
}

/// What was found wrong with the copy is wrong with what it is a copy of.
FormatError told_of(const FormatError& error, const TemporaryCopy& copy) {
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : diagnostics) {
    diagnostic.message = copy.told(std::move(diagnostic.message));
    for (std::string& note : diagnostic.notes) note = copy.told(std::move(note));
    if (diagnostic.sample) diagnostic.sample->file = copy.told(std::move(diagnostic.sample->file));
  }
  return FormatError(std::move(diagnostics));
}

DataError wrong_channels(const Shape& shape, int channels) {
  return DataError(make_diagnostic(
      "S002", fmt::format("the volume is {}, with {} channels", shape.to_string(), shape[3]),
      {fmt::format("expected: {} (points in time count as channels)", channels)},
      fmt::format("ask load_volume for channels = {}, or 0 for what is in the file", shape[3])));
}

std::unique_ptr<FileValue> opened(const std::string& path, const LoadVolumeOptions& options) {
  if (std::optional<Tensor> pages = tiff_volume(path)) return whole_value(std::move(*pages));
  check_volume_header(path);
  if (std::filesystem::is_regular_file(path)) {
    if (auto nifti = open_nifti(path, options.dtype)) return nifti;
  }
  return whole_value(decode_volume(path, options.series));
}

}  // namespace

std::unique_ptr<FileValue> open_volume(const std::string& path, const LoadVolumeOptions& options) {
  const TemporaryCopy file(path, static_cast<std::uint64_t>(kMaxVolumeBytes));
  if (!std::filesystem::exists(file.path())) {
    throw FormatError(make_diagnostic("F001", fmt::format("there is no file {}", quote_key(path))));
  }
  if (!std::filesystem::is_regular_file(file.path()) &&
      !std::filesystem::is_directory(file.path())) {
    throw_file_error(path, "is no regular file (a device or a pipe?)",
                     "a file, or the folder of a DICOM series");
  }
  std::unique_ptr<FileValue> value;
  try {
    value = opened(file.path(), options);
  } catch (const FormatError& error) {
    throw told_of(error, file);
  }
  if (options.channels != 0 && value->shape()[3] != options.channels)
    throw wrong_channels(value->shape(), options.channels);
  return value->dtype() == options.dtype ? std::move(value)
                                         : whole_value(converted(value->whole(), options.dtype));
}

Tensor load_volume(const std::string& path, int channels, DType dtype, const std::string& series) {
  LoadVolumeOptions options;
  options.channels = channels;
  options.dtype = dtype;
  options.series = series;
  return open_volume(path, options)->whole();
}

}  // namespace tenon::readers
