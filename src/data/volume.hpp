#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "tenon/dataset.hpp"
#include "tenon/geometry.hpp"
#include "tenon/tensor.hpp"

namespace tenon::data {

// Images (height, width), (height, width, channels) and volumes (depth, height, width, channels)
// under one view: an image is a volume of depth 1. Functions take any dtype of numbers, give a new
// tensor of the same rank and dtype (integers rounded to the nearest), and keep the geometry true.

/// Sizes of the three spatial axes: depth, height, width.
using Size3D = std::array<std::int64_t, 3>;
using Index3D = std::array<std::int64_t, 3>;

/// Of ranks 2, 3 and 4. Throws ShapeError (S002) for another.
struct Grid {
  explicit Grid(const Shape& shape);
  Size3D size{1, 1, 1};
  std::int64_t channels = 1;
  int rank = 4;
  std::int64_t voxels() const { return size[0] * size[1] * size[2]; }
  /// The shape of a tensor of this rank with other sizes.
  Shape shape_of(const Size3D& other) const;
  /// Which tensor axis spatial axis `axis` is; -1 for the depth of an image.
  int tensor_axis(int axis) const { return rank == 4 ? axis : axis - 1; }
  int first_axis() const { return rank == 4 ? 0 : 1; }
};
inline bool is_spatial_rank(int rank) { return rank >= 2 && rank <= 4; }

/// The part of `size` voxels from `first` on; what lies outside is `padding`.
Tensor crop_volume(const Tensor& volume, const Index3D& first, const Size3D& size,
                   double padding = 0.0);
/// Axis `a` of the result is axis `from[a]`, backwards where `flipped[a]`. Images keep their depth.
struct Turn {
  std::array<int, 3> from{0, 1, 2};
  std::array<bool, 3> flipped{};
};
Tensor reorient(const Tensor& volume, const std::array<int, 3>& from,
                const std::array<bool, 3>& flipped);
/// From the indices of what reorient() gives to those of a grid of `old_size`.
IndexTransform turning(const Size3D& old_size, const Turn& turn);

struct ResampleOptions {
  bool linear = true;  ///< Between the 2 x 2 x 2 nearest voxels; else the nearest (halves up).
  /// What is met outside: nothing stated: the nearest voxel of the border; else this value.
  std::optional<double> outside{};
};
/// Voxel `i` of the result, of `size`, is what lies at `to_old`(i) in `volume`.
Tensor resample(const Tensor& volume, const Size3D& size, const IndexTransform& to_old,
                const ResampleOptions& options);

/// Shifts of voxels on a coarse grid that spans the volume corner to corner; between its nodes they
/// are mixed linearly.
struct DisplacementField {
  Size3D nodes{2, 2, 2};
  std::vector<std::array<float, 3>> shifts;  ///< Voxels (depth, height, width), per node.
};
/// … what lies at `to_old`(i + shift at i).
Tensor resample(const Tensor& volume, const Size3D& size, const IndexTransform& to_old,
                const DisplacementField& field, const ResampleOptions& options);

/// From voxel middles of a grid of `size` to those of one of `old_size` that covers the same space.
IndexTransform rescaling(const Size3D& old_size, const Size3D& size);

/// The means of blocks of `block` voxels, which the sizes are multiples of.
Tensor mean_of_blocks(const Tensor& volume, const Size3D& block);

/// Convolved along each axis with a Gaussian of `sigma` voxels (0: that axis stays), cut off at 4
/// sigma; outside, the border goes on as in a mirror that repeats it (scipy's "reflect").
Tensor blur(const Tensor& volume, const std::array<double, 3>& sigma);

}  // namespace tenon::data
