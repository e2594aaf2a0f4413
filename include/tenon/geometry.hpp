#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tenon {

/// Where a volume lies in the patient. Lengths in millimetres. `spacing` has one entry per spatial
/// axis in the tensor's order (depth, height, width); `origin` is the middle of the first voxel in
/// the patient's axes (x towards the left, y towards the back, z towards the head: LPS, as DICOM
/// and ITK have it); `direction` is row-major, its rows are x, y, z, and column `a` is the unit
/// vector along which the index of tensor axis `a` grows.
struct Geometry {
  std::array<double, 3> spacing{1.0, 1.0, 1.0};
  std::array<double, 3> origin{0.0, 0.0, 0.0};
  std::array<double, 9> direction{0, 0, 1, 0, 1, 0, 1, 0, 0};
  bool operator==(const Geometry&) const = default;

  /// x, y, z of the voxel (or point between voxels) at `index` (depth, height, width).
  std::array<double, 3> point_of(const std::array<double, 3>& index) const;
  /// The index (depth, height, width) of a point. Throws ShapeError (S009) if two axes are one.
  std::array<double, 3> index_of(const std::array<double, 3>& point) const;
};

/// Indices of one grid as indices of another: old = matrix * new + offset, axes depth, height,
/// width. What every stage that moves or turns a volume is made of.
struct IndexTransform {
  std::array<double, 9> matrix{1, 0, 0, 0, 1, 0, 0, 0, 1};  ///< Row-major.
  std::array<double, 3> offset{0.0, 0.0, 0.0};
  bool operator==(const IndexTransform&) const = default;

  std::array<double, 3> operator()(const std::array<double, 3>& index) const;
  /// First `inner`, then this one.
  IndexTransform after(const IndexTransform& inner) const;
};

/// The geometry of a volume whose voxel `i` is voxel transform(i) of one that lies as `geometry`
/// says.
Geometry transformed(const Geometry& geometry, const IndexTransform& transform);

/// The nearest anatomical names of the tensor's axes, first to last: the side to which the index
/// grows, of L/R, A/P, S/I: "SPL" for depth towards the head, height towards the back and width
/// towards the left.
std::string orientation_of(const Geometry& geometry);
/// True for three letters, one each of L/R, A/P and S/I.
bool is_orientation(std::string_view letters) noexcept;

/// How far one grid is from another.
struct GridDifference {
  double spacing = 0.0;  ///< Millimetres, the largest of an axis.
  double origin = 0.0;   ///< Millimetres, between the first voxels.
  double angle = 0.0;    ///< Degrees, the largest between axes of one position.
  /// More than what files round to: 0.001 mm, 0.01 degrees.
  bool any() const noexcept;
  /// "their spacings differ by 0.5 mm, their origins lie 3 mm apart".
  std::string to_string() const;
};
GridDifference difference_of(const Geometry& a, const Geometry& b);

}  // namespace tenon
