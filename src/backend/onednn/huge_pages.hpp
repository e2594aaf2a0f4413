#pragma once

#include <cstddef>

#include "tenon/tensor.hpp"

namespace tenon::backend::onednn {

/// `count` bytes, or one, of 0. With `huge`, where the system gives large pages to those that ask
/// for them, the memory lies in such as far as it covers whole ones.
Tensor zeroed_bytes(std::size_t count, bool huge);
/// … with any content.
Tensor unfilled_bytes(std::size_t count, bool huge);
/// Gives memory that was freed back to the system, where the allocator keeps it.
void return_freed_memory();

}  // namespace tenon::backend::onednn
