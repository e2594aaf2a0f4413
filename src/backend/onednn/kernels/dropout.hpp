#pragma once

#include <cstdint>

#include "backend/onednn/kernels/strided.hpp"

namespace tenon::backend::onednn {

/// y = x · scale where the mask keeps, 0 elsewhere; y may be x.
void apply_dropout(int threads, Numbers x, const std::uint8_t* mask, float scale, MutableNumbers y,
                   std::int64_t count);
/// … with a mask that elements share: a box with the arrays x and mask.
void apply_shared_dropout(const StridedBox& box, int threads, const float* x,
                          const std::uint8_t* mask, float scale, float* y);

}  // namespace tenon::backend::onednn
