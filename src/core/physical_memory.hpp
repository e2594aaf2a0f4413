#pragma once

#include <cstdint>

namespace tenon {

/// Bytes of memory that this process can have at all: the machine's, or less where a control group
/// (a container) says so. Read once.
std::int64_t physical_memory() noexcept;

}  // namespace tenon
