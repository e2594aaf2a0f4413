#pragma once

#include <optional>
#include <string>

#include "tenon/tensor.hpp"

namespace tenon::readers {

/// Bytes of a decoded volume, checked before memory is taken.
inline constexpr std::int64_t kMaxVolumeBytes = std::int64_t{1} << 34;

/// The volume (depth, height, width, channels) in the file at `path`, or in a folder that holds one
/// series of DICOM files (`series` names one of several), with its geometry, in the dtype of the
/// file. Decoded by a process of its own: one that dies, or gives no answer in five minutes, is an
/// error of this file alone. Throws FormatError (F001) that names the file. Thread-safe: as many
/// processes as callers at one time; they are kept for the next files.
Tensor decode_volume(const std::string& path, const std::string& series = "");

/// What decode_volume() would give but for the voxels.
struct VolumeHeader {
  DType dtype = DType::kFloat32;
  Shape shape;
  std::optional<Geometry> geometry;
};
/// Of one file. Throws FormatError (F001) as decode_volume() where the header says what is wrong.
VolumeHeader decode_volume_header(const std::string& path);

}  // namespace tenon::readers
