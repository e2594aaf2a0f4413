#include "tenon/geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tenon/error.hpp"

namespace tenon {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<double, 9>;

constexpr double kLengthTolerance = 1e-3;
constexpr double kAngleTolerance = 1e-2;

constexpr std::size_t at(std::size_t row, std::size_t column) { return row * 3 + column; }

Vector times(const Matrix& m, const Vector& v) {
  Vector result{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t k = 0; k < 3; ++k) result[row] += m[at(row, k)] * v[k];
  }
  return result;
}

Matrix times(const Matrix& a, const Matrix& b) {
  Matrix result{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      for (std::size_t k = 0; k < 3; ++k)
        result[at(row, column)] += a[at(row, k)] * b[at(k, column)];
    }
  }
  return result;
}

/// The steps from voxel to voxel: direction times spacing.
Matrix steps_of(const Geometry& geometry) {
  Matrix steps = geometry.direction;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t axis = 0; axis < 3; ++axis) steps[at(row, axis)] *= geometry.spacing[axis];
  }
  return steps;
}

/// With its sign, as indices run in circles.
double cofactor(const Matrix& m, std::size_t row, std::size_t column) {
  const std::size_t r1 = (row + 1) % 3;
  const std::size_t r2 = (row + 2) % 3;
  const std::size_t c1 = (column + 1) % 3;
  const std::size_t c2 = (column + 2) % 3;
  return m[at(r1, c1)] * m[at(r2, c2)] - m[at(r1, c2)] * m[at(r2, c1)];
}

Matrix inverse_of(const Matrix& m) {
  double determinant = 0.0;
  for (std::size_t k = 0; k < 3; ++k) determinant += m[at(0, k)] * cofactor(m, 0, k);
  if (!(std::abs(determinant) > 1e-12)) {
    throw ShapeError(make_diagnostic("S009", "the axes of a volume span no space",
                                     {fmt::format("their determinant is {:g}", determinant)},
                                     "mend spacing and direction in the file"));
  }
  Matrix inverse{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      inverse[at(row, column)] = cofactor(m, column, row) / determinant;
    }
  }
  return inverse;
}

Vector sum_of(const Vector& a, const Vector& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
Vector difference(const Vector& a, const Vector& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
double length_of(const Vector& v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }
Vector column_of(const Matrix& m, std::size_t axis) {
  return {m[at(0, axis)], m[at(1, axis)], m[at(2, axis)]};
}

double angle_between(const Vector& a, const Vector& b) {
  const double cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (length_of(a) * length_of(b));
  return std::acos(std::clamp(cosine, -1.0, 1.0)) * 180.0 / std::numbers::pi;
}

}  // namespace

Vector Geometry::point_of(const Vector& index) const {
  return sum_of(origin, times(steps_of(*this), index));
}

Vector Geometry::index_of(const Vector& point) const {
  return times(inverse_of(steps_of(*this)), difference(point, origin));
}

Vector IndexTransform::operator()(const Vector& index) const {
  return sum_of(times(matrix, index), offset);
}

IndexTransform IndexTransform::after(const IndexTransform& inner) const {
  return {times(matrix, inner.matrix), sum_of(times(matrix, inner.offset), offset)};
}

Geometry transformed(const Geometry& geometry, const IndexTransform& transform) {
  Geometry result;
  const Matrix steps = times(steps_of(geometry), transform.matrix);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double length = length_of(column_of(steps, axis));
    result.spacing[axis] = length;
    for (std::size_t row = 0; row < 3; ++row) {
      result.direction[at(row, axis)] = length > 0.0 ? steps[at(row, axis)] / length : 0.0;
    }
  }
  result.origin = geometry.point_of(transform.offset);
  return result;
}

std::string orientation_of(const Geometry& geometry) {
  // Axes take their names one after another, the clearest first, so that each is used once.
  constexpr std::array<std::array<char, 2>, 3> kLetters{{{'L', 'R'}, {'P', 'A'}, {'S', 'I'}}};
  std::string letters = "???";
  std::array<bool, 3> named{};
  std::array<bool, 3> used{};
  for (int round = 0; round < 3; ++round) {
    std::size_t best_axis = 0;
    std::size_t best_row = 0;
    double best = -1.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (std::size_t row = 0; row < 3; ++row) {
        const double size = std::abs(geometry.direction[at(row, axis)]);
        if (named[axis] || used[row] || size <= best) continue;
        best = size;
        best_axis = axis;
        best_row = row;
      }
    }
    named[best_axis] = used[best_row] = true;
    letters[best_axis] =
        kLetters[best_row][geometry.direction[at(best_row, best_axis)] < 0.0 ? 1 : 0];
  }
  return letters;
}

bool is_orientation(std::string_view letters) noexcept {
  if (letters.size() != 3) return false;
  int seen = 0;
  for (const char letter : letters) {
    if (letter == 'L' || letter == 'R') seen |= 1;
    if (letter == 'A' || letter == 'P') seen |= 2;
    if (letter == 'S' || letter == 'I') seen |= 4;
  }
  return seen == 7;
}

bool GridDifference::any() const noexcept {
  return spacing > kLengthTolerance || origin > kLengthTolerance || angle > kAngleTolerance;
}

std::string GridDifference::to_string() const {
  std::string text;
  const auto tell = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (spacing > kLengthTolerance) tell(fmt::format("their spacings differ by {:.4g} mm", spacing));
  if (origin > kLengthTolerance) tell(fmt::format("their origins lie {:.4g} mm apart", origin));
  if (angle > kAngleTolerance) tell(fmt::format("their axes are turned by {:.4g} degrees", angle));
  return text;
}

GridDifference difference_of(const Geometry& a, const Geometry& b) {
  GridDifference found;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    found.spacing = std::max(found.spacing, std::abs(a.spacing[axis] - b.spacing[axis]));
    found.angle = std::max(
        found.angle, angle_between(column_of(a.direction, axis), column_of(b.direction, axis)));
  }
  found.origin = length_of(difference(a.origin, b.origin));
  return found;
}

}  // namespace tenon
