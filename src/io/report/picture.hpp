#pragma once

#include <cstdint>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::report {

/// True for (height, width, 1 or 3) of numbers.
bool is_image(const Tensor& tensor);

/// Images in rows and columns on a grey ground, each brought to `cell` pixels a side (nearest), as
/// uint8 (height, width, 3). Floats from 0 to 1 are taken as shares of white, others are stretched
/// from their least to their greatest value.
Tensor picture_grid(const std::vector<std::vector<Tensor>>& rows, std::int64_t cell);

}  // namespace tenon::report
