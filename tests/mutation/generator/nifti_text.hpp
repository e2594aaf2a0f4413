#pragma once

#include <array>
#include <string>

#include "tenon/tensor.hpp"

namespace tenon::mutation {

/// A NIfTI-1 file with the voxels of `volume` (depth, height, width, 1), int16 or uint8, `spacing`
/// millimetres (depth, height, width) apart.
std::string nifti_text(const Tensor& volume, const std::array<float, 3>& spacing);

}  // namespace tenon::mutation
