#pragma once

#include <cstdint>

#include "tenon/dataset.hpp"
#include "tenon/random.hpp"
#include "tenon/tensor.hpp"

namespace tenon::data {

/// The number of a voxel (depth, height, width in row-major order) of a label map that is above 0
/// (`positive`) or is 0, each such voxel as likely; of any where there is none of that kind.
std::int64_t draw_voxel(const Tensor& label, bool positive, Random& random);
/// Throws ContractError (A001) unless both are 0 or more and one is above.
void require_parts(const char* stage, const LabelParts& parts);

}  // namespace tenon::data
