#pragma once

#include <optional>

#include "data/vectors.hpp"
#include "data/volume.hpp"

namespace tenon::data {

/// Voxels (depth, height, width) of one channel that are mixed linearly.
struct LinearVoxels {
  const float* data = nullptr;
  Size3D size{1, 1, 1};
  std::optional<float> outside{};  ///< See ResampleOptions.
};

/// True if sample_linear_rows() takes a volume of so many voxels and this processor has vectors
/// that it is compiled for.
bool has_linear_rows(const Size3D& size) noexcept;

/// A grid of `size`, row by row, into `to`: voxel `i` is what lies at `to_old`(i) in `from`, the
/// bits of one voxel at a time. Only where has_linear_rows().
void sample_linear_rows(const LinearVoxels& from, const IndexTransform& to_old, const Size3D& size,
                        float* to, VectorSet vectors = VectorSet::kAvx512);

}  // namespace tenon::data
