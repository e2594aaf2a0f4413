#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// The sizes of a tensor's axes, outermost first. Images are (height, width, channels), batches of
/// them (batch, height, width, channels). A scalar has rank 0.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}

  int rank() const noexcept { return static_cast<int>(dims_.size()); }
  /// The size of axis `axis`; negative counts from the end. Throws ShapeError if there is none.
  std::int64_t dim(int axis) const;
  std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
  std::int64_t& operator[](std::size_t axis) { return dims_[axis]; }
  /// The product of all dims; 1 for a scalar. Throws ShapeError if it does not fit into int64 or a
  /// dim is negative.
  std::int64_t element_count() const;
  const std::vector<std::int64_t>& dims() const noexcept { return dims_; }
  auto begin() const noexcept { return dims_.begin(); }
  auto end() const noexcept { return dims_.end(); }

  /// This shape with `size` put before the first axis: (32, 3).with_batch(8) is (8, 32, 3).
  Shape with_batch(std::int64_t size) const;
  /// This shape without its first axis. Throws ShapeError for a scalar.
  Shape without_batch() const;

  /// "(8, 32, 3)"; "(8,)" for rank 1, "()" for a scalar, as Python prints it.
  std::string to_string() const;
  bool operator==(const Shape&) const = default;

 private:
  std::vector<std::int64_t> dims_;
};

}  // namespace tenon
