#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/dtype.hpp"

namespace tenon::backend::onednn {

/// Converts elements as Tensor::cast does: float to integer truncates and saturates, NaN becomes 0,
/// bool is 0 or 1. No strings.
void convert(int threads, DType from_dtype, const std::byte* from, DType to_dtype, std::byte* to,
             std::int64_t count);

void zero_bytes(int threads, std::byte* to, std::size_t count);

}  // namespace tenon::backend::onednn
