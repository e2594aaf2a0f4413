#pragma once

#include <string>

#include "io/readers/load_stage.hpp"

namespace tenon::readers {

/// What the header of a NIfTI, NRRD or MetaImage file promises is held against the size of the file
/// and the limit, before a reader sees it; DICOM files and folders of them are looked through.
/// Other files pass. Throws FormatError (F001).
void check_volume_header(const std::string& path);

/// The volume at `path` (depth, height, width, channels) with its geometry, in `dtype` and with
/// `channels` (0: as in the file); `series`: see decode_volume. Throws FormatError (F001) for a
/// file that is missing or damaged, DataError for another number of channels (S002) or values that
/// `dtype` does not hold (D001); float64 is rounded to float32.
/// The same, to be read in parts; options.root is not looked at.
std::unique_ptr<FileValue> open_volume(const std::string& path, const LoadVolumeOptions& options);
Tensor load_volume(const std::string& path, int channels, DType dtype, const std::string& series);

}  // namespace tenon::readers
