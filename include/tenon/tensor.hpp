#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/dtype.hpp"
#include "tenon/geometry.hpp"
#include "tenon/shape.hpp"

namespace tenon {

/// A dense array, row-major, 64-byte aligned where it owns its memory.
///
/// A Tensor is a handle: copying one shares the memory, `clone()` copies it. A view (`slice`,
/// `row`, `reshape`) keeps the memory of its origin alive. Reading from several threads is safe;
/// writing while another thread reads the same elements is not.
class Tensor {
 public:
  /// Undefined: `defined()` is false, and every access but assignment throws ShapeError.
  Tensor() = default;

  /// Zero-filled (strings: empty), owning. Throws ShapeError if the shape is negative or its bytes
  /// do not fit into memory limits (2^40 bytes).
  Tensor(DType dtype, Shape shape);

  /// Owning, contents unspecified.
  static Tensor uninitialized(DType dtype, Shape shape);

  /// A view of memory that is not ours. `keep_alive`, if given, is held as long as a view lives;
  /// otherwise the caller keeps `data` valid. `data` holds shape.element_count() elements.
  static Tensor view(void* data, DType dtype, Shape shape,
                     std::shared_ptr<const void> keep_alive = nullptr);

  /// Owning, with a copy of `values` in row-major order. Throws ShapeError if the count differs.
  template <class T>
  static Tensor from(const Shape& shape, std::span<const T> values);
  template <class T>
  static Tensor from(const Shape& shape, const std::vector<T>& values);
  template <class T>
  static Tensor from(const Shape& shape, std::initializer_list<T> values) {
    return from(shape, std::span<const T>(values.begin(), values.size()));
  }
  template <class T>
  static Tensor scalar(T value);
  static Tensor strings(const Shape& shape, std::vector<std::string> values);

  bool defined() const noexcept { return data_ != nullptr || owner_ != nullptr; }
  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  int rank() const noexcept { return shape_.rank(); }
  std::int64_t dim(int axis) const { return shape_.dim(axis); }
  std::int64_t size() const noexcept { return count_; }  ///< Number of elements.
  std::size_t byte_size() const noexcept;

  /// The elements. Throws ShapeError, naming both dtypes, if T is not this tensor's dtype.
  template <class T>
  std::span<T> data();
  template <class T>
  std::span<const T> data() const;
  /// The only element of a tensor of size 1. Throws ShapeError otherwise, or on another dtype.
  template <class T>
  T item() const;

  std::byte* bytes() noexcept { return static_cast<std::byte*>(data_); }
  const std::byte* bytes() const noexcept { return static_cast<const std::byte*>(data_); }

  /// Rows [begin, end) of axis 0, a view. Throws ShapeError outside of 0 <= begin <= end <= dim(0).
  Tensor slice(std::int64_t begin, std::int64_t end) const;
  /// Row `index` of axis 0 without that axis, a view.
  Tensor row(std::int64_t index) const;
  /// The same elements under another shape, a view. One dim may be -1. Throws ShapeError.
  Tensor reshape(const Shape& shape) const;
  /// A copy that owns its memory.
  Tensor clone() const;
  /// A copy in `dtype`, each element converted as C++ does: float to integer truncates, saturating
  /// at the range's ends, and NaN becomes 0; integer to integer wraps; to bool, all but 0 is true.
  /// Throws ShapeError to or from strings.
  /// Whether values are lost is not checked; see converts_without_loss and the stage `cast`.
  Tensor cast(DType dtype) const;

  /// Where the voxels of a volume lie; nullptr where that is not known. Travels with the tensor:
  /// copies, clone() and cast() keep it, a view of a part and another shape lose it.
  const Geometry* geometry() const noexcept;
  /// … of row `row` of a batch, for each of whose rows it was known when they were stacked.
  const Geometry* row_geometry(std::int64_t row) const noexcept;
  void set_geometry(const Geometry& geometry);
  /// One for each row of axis 0, or none. Throws ShapeError (S002) on another number.
  void set_row_geometries(std::vector<Geometry> geometries);
  void clear_geometry() noexcept { places_.reset(); }

  /// Same dtype, shape and elements, bit for bit (a NaN equals itself). Geometry is not looked at.
  bool equals(const Tensor& other) const;

 private:
  struct Places;
  void require(DType wanted) const;

  std::shared_ptr<const void> owner_;
  std::shared_ptr<const Places> places_;
  void* data_ = nullptr;
  std::int64_t count_ = 0;
  DType dtype_ = DType::kFloat32;
  Shape shape_;
};

/// Stacks tensors of one dtype and shape along a new first axis. Throws ShapeError otherwise.
Tensor stack(std::span<const Tensor> tensors);
/// Joins tensors along their first axis. Throws ShapeError if dtypes or other axes differ.
Tensor concatenate_rows(std::span<const Tensor> tensors);
/// float32 values drawn evenly from [low, high), counter-based: the same for the same seed.
Tensor random_uniform(const Shape& shape, std::uint64_t seed, float low = 0.0F, float high = 1.0F);
/// int64 values drawn evenly from [low, high).
Tensor random_integers(const Shape& shape, std::uint64_t seed, std::int64_t low, std::int64_t high);

template <class T>
std::span<T> Tensor::data() {
  require(dtype_of<T>());
  return {static_cast<T*>(data_), static_cast<std::size_t>(count_)};
}
template <class T>
std::span<const T> Tensor::data() const {
  require(dtype_of<T>());
  return {static_cast<const T*>(data_), static_cast<std::size_t>(count_)};
}

}  // namespace tenon
