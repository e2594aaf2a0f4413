#pragma once

#include <cstring>

#include "data/volume.hpp"

namespace tenon::data {

/// How a value lies in chunks: boxes of `edge` voxels, the last of an axis smaller, in row-major
/// order.
struct Chunking {
  Chunking(const Grid& its_grid, const Size3D& its_edge) : grid(its_grid), edge(its_edge) {
    for (std::size_t axis = 0; axis < 3; ++axis)
      count[axis] = (grid.size[axis] + edge[axis] - 1) / edge[axis];
  }
  std::int64_t chunks() const { return count[0] * count[1] * count[2]; }
  Index3D first(const Index3D& chunk) const {
    return {chunk[0] * edge[0], chunk[1] * edge[1], chunk[2] * edge[2]};
  }
  Size3D size(const Index3D& chunk) const {
    Size3D size{};
    for (std::size_t axis = 0; axis < 3; ++axis)
      size[axis] = std::min(edge[axis], grid.size[axis] - chunk[axis] * edge[axis]);
    return size;
  }
  std::size_t index(const Index3D& chunk) const {
    return static_cast<std::size_t>((chunk[0] * count[1] + chunk[1]) * count[2] + chunk[2]);
  }

  Grid grid;
  Size3D edge;
  Size3D count{};
};

/// A box inside of a larger dense array of voxels.
struct BoxView {
  std::byte* bytes = nullptr;
  Index3D first{};  ///< The array's first voxel, in the volume.
  Size3D size{};    ///< The array's.
  std::byte* at(std::int64_t d, std::int64_t h, std::int64_t w, std::int64_t voxel_bytes) const {
    return bytes +
           (((d - first[0]) * size[1] + (h - first[1])) * size[2] + (w - first[2])) * voxel_bytes;
  }
};

/// Copies what both boxes have.
inline void copy_common(const BoxView& from, const BoxView& to, std::int64_t voxel_bytes) {
  Index3D low{};
  Index3D high{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    low[axis] = std::max(from.first[axis], to.first[axis]);
    high[axis] = std::min(from.first[axis] + from.size[axis], to.first[axis] + to.size[axis]);
    if (low[axis] >= high[axis]) return;
  }
  const auto row = static_cast<std::size_t>((high[2] - low[2]) * voxel_bytes);
  for (std::int64_t d = low[0]; d < high[0]; ++d) {
    for (std::int64_t h = low[1]; h < high[1]; ++h)
      std::memcpy(to.at(d, h, low[2], voxel_bytes), from.at(d, h, low[2], voxel_bytes), row);
  }
}

}  // namespace tenon::data
