#pragma once

#include <memory>
#include <string>

#include "io/readers/load_stage.hpp"

namespace tenon::readers {

/// The voxels of a NIfTI file (.nii, .nii.gz) in `dtype`, read here: of numbers, in one file, of up
/// to four axes, where `dtype` holds all numbers of the file's kind; as tenon-decode would give
/// them, which tells the geometry. A packed file is unpacked as a whole and its checksum held; of
/// another only the rows are read that are asked for. nullptr for any other file: it is left to
/// tenon-decode. Throws FormatError (F001).
std::unique_ptr<FileValue> open_nifti(const std::string& path, DType dtype);

}  // namespace tenon::readers
