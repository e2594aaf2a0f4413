#include "backend/onednn/kernels/tiled_maximum.hpp"

#include <algorithm>
#include <cstddef>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/convert.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

constexpr std::int64_t kMostTaps = 255;

/// The rows of windows: each has out()[2] of them along the width.
struct TileRows {
  std::int64_t taps = 1;
  std::int64_t channels = 0;
  std::int64_t windows = 0;              ///< In a row.
  std::int64_t step = 0;                 ///< From a window to the next, in elements of x.
  std::int64_t offsets[kMostTaps] = {};  ///< Of each tap from the window's first element.
};

TileRows rows_of(const TiledMaximum& s) {
  TileRows rows;
  rows.channels = s.channels;
  rows.windows = s.out()[2];
  rows.step = s.window[2] * s.channels;
  rows.taps = s.window[0] * s.window[1] * s.window[2];
  for (std::int64_t tap = 0; tap < rows.taps; ++tap) {
    const std::int64_t column = tap % s.window[2];
    const std::int64_t row = tap / s.window[2] % s.window[1];
    const std::int64_t layer = tap / (s.window[2] * s.window[1]);
    rows.offsets[tap] = ((layer * s.in[1] + row) * s.in[2] + column) * s.channels;
  }
  return rows;
}

std::int64_t count_rows(const TiledMaximum& s) { return s.batch * s.out()[0] * s.out()[1]; }

/// The first element of x under row `row` of windows, counted over the batch.
std::int64_t start_of_row(const TiledMaximum& s, std::int64_t row) {
  const auto out = s.out();
  const std::int64_t image = row / (out[0] * out[1]);
  const std::int64_t layer = row / out[1] % out[0] * s.window[0];
  const std::int64_t line = row % out[1] * s.window[1];
  return ((image * s.in[0] + layer) * s.in[1] + line) * s.in[2] * s.channels;
}

// The inner loops, once per instruction set. Not templates inlined into functions that name theirs,
// as in patch_tiles.cpp: g++ takes vector comparisons apart before it inlines.
#pragma GCC diagnostic ignored "-Wpsabi"

#define TENON_TILE_LANES 16
#if defined(__x86_64__)
#define TENON_TILE_TARGET __attribute__((target("arch=x86-64-v4")))
#else
#define TENON_TILE_TARGET
#endif
namespace avx512 {
#include "backend/onednn/kernels/tiled_maximum_lanes.inc"
}  // namespace avx512
#undef TENON_TILE_LANES
#undef TENON_TILE_TARGET

#define TENON_TILE_LANES 8
#if defined(__x86_64__)
#define TENON_TILE_TARGET __attribute__((target("arch=x86-64-v3")))
#else
#define TENON_TILE_TARGET
#endif
namespace avx2 {
#include "backend/onednn/kernels/tiled_maximum_lanes.inc"
}  // namespace avx2
#undef TENON_TILE_LANES
#undef TENON_TILE_TARGET

/// Calls work(row, its first element of x, its first element of y) for all rows.
template <class Work>
void for_rows(const TiledMaximum& s, int threads, const Work& work) {
  const std::int64_t y_row = s.out()[2] * s.channels;
  const std::int64_t x_row = y_row * s.window[0] * s.window[1] * s.window[2];
  parallel_range(threads, count_rows(s), std::max<std::int64_t>(1, kElementGrain / x_row),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     work(start_of_row(s, row), row * y_row);
                   }
                 });
}

}  // namespace

bool tiled_maximum_fits(const TiledMaximum& s) {
  const InstructionSet set = instruction_set();
  if (set == InstructionSet::kBaseline || s.channels % vector_length(set) != 0) return false;
  for (const std::int64_t size : s.window) {
    if (size > kMostTaps) return false;
  }
  return s.window[0] * s.window[1] * s.window[2] <= kMostTaps;
}

void tiled_maximum_forward(const TiledMaximum& s, int threads, const float* x, float* y,
                           std::uint8_t* places) {
  const TileRows rows = rows_of(s);
  const auto lanes =
      instruction_set() == InstructionSet::kAvx512 ? &avx512::forward_row : &avx2::forward_row;
  for_rows(s, threads, [&](std::int64_t from, std::int64_t to) {
    lanes(rows, x + from, y + to, places == nullptr ? nullptr : places + to);
  });
}

void tiled_maximum_backward(const TiledMaximum& s, int threads, const std::uint8_t* places,
                            const float* dy, float* dx) {
  const TileRows rows = rows_of(s);
  const std::int64_t in = s.batch * s.in[0] * s.in[1] * s.in[2] * s.channels;
  if (count_rows(s) * s.out()[2] * s.channels * rows.taps != in) {
    zero_bytes(threads, reinterpret_cast<std::byte*>(dx),
               static_cast<std::size_t>(in) * sizeof(float));
  }
  const auto lanes =
      instruction_set() == InstructionSet::kAvx512 ? &avx512::backward_row : &avx2::backward_row;
  for_rows(s, threads, [&](std::int64_t from, std::int64_t to) {
    lanes(rows, places + to, dy + to, dx + from);
  });
}

}  // namespace tenon::backend::onednn
