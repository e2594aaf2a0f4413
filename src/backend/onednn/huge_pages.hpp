#pragma once

#include <cstddef>

#include "tenon/tensor.hpp"

namespace tenon::backend::onednn {

/// `count` bytes, or one, of 0. With `huge`, where the system gives large pages to those that ask
/// for them, the memory lies in such as far as it covers whole ones.
Tensor zeroed_bytes(std::size_t count, bool huge);

}  // namespace tenon::backend::onednn
