#pragma once

#include <cstddef>

namespace tenon {

/// Bytes that processors move together.
constexpr std::size_t kCacheLine = 64;

/// So many bytes, up to the end of their last cache line.
constexpr std::size_t whole_lines(std::size_t bytes) {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

/// … and so many floats.
constexpr std::size_t whole_lines_of_floats(std::size_t count) {
  return whole_lines(count * sizeof(float)) / sizeof(float);
}

}  // namespace tenon
