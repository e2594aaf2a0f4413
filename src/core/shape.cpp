#include "tenon/shape.hpp"

#include <fmt/format.h>

#include <limits>

#include "tenon/error.hpp"

namespace tenon {

std::int64_t Shape::dim(int axis) const {
  const int index = axis < 0 ? axis + rank() : axis;
  if (index < 0 || index >= rank()) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("axis {} of a shape {} of rank {}", axis, to_string(), rank()),
        {rank() == 0 ? std::string("expected: no axis; this is a scalar")
                     : fmt::format("expected: an axis from {} to {}", -rank(), rank() - 1)}));
  }
  return dims_[static_cast<std::size_t>(index)];
}

std::int64_t Shape::element_count() const {
  std::int64_t count = 1;
  bool overflow = false;
  bool empty = false;
  for (const std::int64_t size : dims_) {
    if (size < 0) {
      throw ShapeError(make_diagnostic("S002",
                                       fmt::format("shape {} has a negative dim", to_string()),
                                       {"expected: every dim is 0 or more"}));
    }
    empty = empty || size == 0;
    if (size > 0 && count > std::numeric_limits<std::int64_t>::max() / size) {
      overflow = true;
    } else if (size > 0) {
      count *= size;
    }
  }
  if (empty) return 0;
  if (overflow) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("shape {} has more elements than can be counted", to_string()),
        {"expected: fewer than 2^63 elements"}));
  }
  return count;
}

Shape Shape::with_batch(std::int64_t size) const {
  std::vector<std::int64_t> dims;
  dims.reserve(dims_.size() + 1);
  dims.push_back(size);
  dims.insert(dims.end(), dims_.begin(), dims_.end());
  return Shape(std::move(dims));
}

Shape Shape::without_batch() const {
  if (dims_.empty()) {
    throw ShapeError(make_diagnostic("S001", "a scalar has no batch axis to take away",
                                     {"expected: a shape of rank 1 or more"}));
  }
  return Shape(std::vector<std::int64_t>(dims_.begin() + 1, dims_.end()));
}

std::string Shape::to_string() const {
  if (dims_.size() == 1) return fmt::format("({},)", dims_[0]);
  return fmt::format("({})", fmt::join(dims_, ", "));
}

}  // namespace tenon
