#include "io/readers/volume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "io/readers/decode_pool.hpp"
#include "io/readers/download.hpp"
#include "io/readers/image.hpp"
#include "io/readers/random_access_file.hpp"
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

/// Pages of a TIFF, with the geometry that ImageJ states; nothing if `path` is no TIFF. A DICOM
/// file may begin as one: what stands before its mark is free.
std::optional<Tensor> tiff_volume(const std::string& path) {
  constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 32;
  constexpr std::uint64_t kDicomMark = 128;
  constexpr std::string_view kDicom = "DICM";
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  const auto file = open_file(path);
  const std::string start = file->read(0, std::min(file->size(), kDicomMark + kDicom.size()));
  if (!is_tiff(start) || std::string_view(start).ends_with(kDicom)) return std::nullopt;
  return decode_tiff_pages(read_file(path, kMaxFileBytes), path);
}

/// What was found wrong with the copy at `local` is wrong with the file at `address`.
FormatError told_of(const FormatError& error, const std::string& local,
                    const std::string& address) {
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : diagnostics) {
    for (std::size_t at = 0; (at = diagnostic.message.find(local, at)) != std::string::npos;
         at += address.size()) {
      diagnostic.message.replace(at, local.size(), address);
    }
  }
  return FormatError(std::move(diagnostics));
}

Tensor checked_and_decoded(const std::string& path, const std::string& series) {
  const TemporaryCopy file(path, static_cast<std::uint64_t>(kMaxVolumeBytes));
  if (!std::filesystem::exists(file.path())) {
    throw FormatError(make_diagnostic("F001", fmt::format("there is no file {}", quote_key(path))));
  }
  try {
    if (std::optional<Tensor> pages = tiff_volume(file.path())) return *pages;
    check_volume_header(file.path());
    return decode_volume(file.path(), series);
  } catch (const FormatError& error) {
    throw told_of(error, file.path(), path);
  }
}

}  // namespace

Tensor load_volume(const std::string& path, int channels, DType dtype, const std::string& series) {
  const Tensor volume = checked_and_decoded(path, series);
  if (channels != 0 && volume.dim(3) != channels) {
    throw DataError(make_diagnostic(
        "S002",
        fmt::format("the volume is {}, with {} channels", volume.shape().to_string(),
                    volume.dim(3)),
        {fmt::format("expected: {} (points in time count as channels)", channels)},
        fmt::format("ask load_volume for channels = {}, or 0 for what is in the file",
                    volume.dim(3))));
  }
  return converted(volume, dtype);
}

}  // namespace tenon::readers
