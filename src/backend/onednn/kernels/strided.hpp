#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/onednn/kernels/elementwise.hpp"
#include "tenon/shape.hpp"

namespace tenon::backend::onednn {

inline constexpr int kMaxRank = 16;

/// A box of elements and, for each of a few arrays, the steps along its axes. Axes that lie behind
/// one another in every array are merged, so that the innermost is long.
class StridedBox {
 public:
  /// One list of steps per array, each as long as `extents`.
  StridedBox(const std::vector<std::int64_t>& extents,
             const std::vector<std::vector<std::int64_t>>& steps);

  std::int64_t outer_count() const { return outer_count_; }
  std::int64_t inner_count() const { return inner_count_; }
  std::int64_t inner_step(int array) const { return inner_steps_[static_cast<std::size_t>(array)]; }
  /// Offset of array `array` at the outer index `outer` (row-major over all axes but the last).
  std::int64_t offset(int array, std::int64_t outer) const;

 private:
  std::int64_t outer_count_ = 1;
  std::int64_t inner_count_ = 1;
  std::vector<std::int64_t> extents_;             // without the innermost
  std::vector<std::vector<std::int64_t>> steps_;  // without the innermost
  std::vector<std::int64_t> inner_steps_;
};

/// Steps of a dense row-major array of `shape`.
std::vector<std::int64_t> dense_steps(const Shape& shape);
/// Steps with which an array of `shape` is read as one of `wide`, as NumPy broadcasts.
std::vector<std::int64_t> broadcast_steps(const Shape& shape, const Shape& wide);

/// Copies a box; array 0 is read, array 1 written. `element` is the size of one in bytes.
void strided_copy(const StridedBox& box, int threads, const std::byte* from, std::byte* to,
                  std::size_t element);

/// y = a ∘ b over a box with the arrays a, b, y.
void strided_binary(const StridedBox& box, int threads, Binary operation, Numbers a, Numbers b,
                    MutableNumbers y);
/// Over a box with the arrays a, b, dy.
void strided_extremum_backward(const StridedBox& box, int threads, Binary operation, const float* a,
                               const float* b, const float* dy, float* da, float* db);

}  // namespace tenon::backend::onednn
