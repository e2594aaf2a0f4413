#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/vectors.hpp"

namespace tenon::data {

/// The input pixels that one output pixel is made of: `weights` from `start` on.
template <class W>
struct Taps {
  std::int64_t start = 0;
  std::vector<W> weights;
};

/// The most channels of resize_bytes().
inline constexpr std::size_t kMostByteChannels = 4;

/// One image of bytes, rows of `width` pixels of `channels`, to rows.size() x columns.size()
/// pixels: each output row is first summed over input rows, then its columns are mixed, in float32;
/// the bits are the same on every processor and for every `vectors`, of which those are taken that
/// the processor has.
void resize_bytes(const std::uint8_t* in, std::uint8_t* out, std::size_t width,
                  std::size_t channels, const std::vector<Taps<float>>& rows,
                  const std::vector<Taps<float>>& columns, VectorSet vectors = VectorSet::kAvx512);

}  // namespace tenon::data
