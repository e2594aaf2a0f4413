#pragma once

#include <cstdint>
#include <span>

namespace tenon::data {

/// values[i] += deviation * the i-th normal number (mean 0, variance 1) of the stream `seed`, which
/// is the same on every processor: Box and Muller's of the blocks of Random::block(), two of each.
void add_normals(std::span<float> values, float deviation, std::uint64_t seed);

}  // namespace tenon::data
