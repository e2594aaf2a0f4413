#include "io/readers/volume.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "io/readers/decode_pool.hpp"
#include "tenon/error.hpp"

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

}  // namespace

Tensor load_volume(const std::string& path, int channels, DType dtype, const std::string& series) {
  if (!std::filesystem::exists(path)) {
    throw FormatError(make_diagnostic("F001", fmt::format("there is no file {}", quote_key(path))));
  }
  check_volume_header(path);
  const Tensor volume = decode_volume(path, series);
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
