#pragma once

#include <string>

#include "tenon/tensor.hpp"

namespace tenon {

/// Writes a volume (depth, height, width, channels) as NIfTI-1, to a path that ends in .nii or
/// .nii.gz, with its geometry (without one: spacing 1 from the origin). uint8, int8, int16, uint16,
/// int32 and float32 as they are; float64 and int64 too; several channels are points in time, as
/// load_volume reads them. A reader sees the old file or the new one, whole. Throws ShapeError for
/// another rank, FormatError (F001) for another ending or dtype, or where it cannot be written.
void save_volume(const std::string& path, const Tensor& volume);

}  // namespace tenon
