#include "tenon/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "tenon/error.hpp"

namespace tenon {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 40;
constexpr std::size_t kAlignment = 64;

[[noreturn]] void throw_shape(std::string message, std::vector<std::string> notes = {},
                              std::string fix = "", std::string_view code = "S002") {
  throw ShapeError(make_diagnostic(code, std::move(message), std::move(notes), std::move(fix)));
}

std::string describe(DType dtype, const Shape& shape) {
  return fmt::format("{} {}", short_name_of(dtype), shape.to_string());
}

std::int64_t checked_count(DType dtype, const Shape& shape) {
  const std::int64_t count = shape.element_count();
  if (count > kMaxBytes / static_cast<std::int64_t>(size_of(dtype))) {
    throw_shape(fmt::format("a tensor {} is too large", describe(dtype, shape)),
                {fmt::format("expected: at most 2^40 bytes; this has {} elements of {} bytes",
                             count, size_of(dtype))});
  }
  return count;
}

/// From here on malloc itself is asked. A block that aligned_alloc gave is too short for the next
/// request of the same size in glibc, so that each batch would take new pages.
constexpr std::size_t kLarge = std::size_t{1} << 16U;

std::shared_ptr<void> allocate_aligned(std::size_t bytes) {
  if (bytes < kLarge) {
    return {::operator new (bytes, std::align_val_t{kAlignment}),
            [](void* p) { ::operator delete (p, std::align_val_t{kAlignment}); }};
  }
  std::size_t room = bytes + kAlignment;
  void* const block = ::operator new(room);
  void* aligned = block;
  std::align(kAlignment, bytes, aligned, room);
  return {aligned, [block](void*) { ::operator delete(block); }};
}

std::shared_ptr<void> allocate(DType dtype, const Shape& shape, std::int64_t count) {
  const auto elements = static_cast<std::size_t>(std::max<std::int64_t>(count, 1));
  try {
    if (dtype == DType::kString) {
      return {new std::string[elements], [](void* p) { delete[] static_cast<std::string*>(p); }};
    }
    return allocate_aligned(elements * size_of(dtype));
  } catch (const std::bad_alloc&) {
    throw_shape(fmt::format("no memory for a tensor {}", describe(dtype, shape)),
                {fmt::format("it needs {} bytes", elements * size_of(dtype))},
                "use smaller batches or samples, or free memory");
  }
}

void copy_elements(Tensor& target, std::int64_t at, const Tensor& source) {
  if (source.size() == 0) return;
  if (source.dtype() == DType::kString) {
    const auto from = source.data<std::string>();
    std::copy(from.begin(), from.end(), target.data<std::string>().begin() + at);
    return;
  }
  const std::size_t offset = static_cast<std::size_t>(at) * size_of(source.dtype());
  std::memcpy(target.bytes() + offset, source.bytes(), source.byte_size());
}

void require_count(DType dtype, const Shape& shape, std::size_t values) {
  const std::int64_t count = shape.element_count();
  if (count != static_cast<std::int64_t>(values)) {
    throw_shape(fmt::format("{} values were given for a tensor {}", values, describe(dtype, shape)),
                {fmt::format("expected: {} values", count)});
  }
}

/// `wanted` with its -1 resolved for `count` elements.
Shape resolve(const Tensor& tensor, const Shape& wanted) {
  const auto fail = [&](const std::string& why) {
    throw_shape(fmt::format("reshape of {} to {}: {}", describe(tensor.dtype(), tensor.shape()),
                            wanted.to_string(), why),
                {"expected: the same number of elements; one dim may be -1"});
  };
  std::vector<std::int64_t> dims = wanted.dims();
  const auto open = std::find(dims.begin(), dims.end(), -1);
  if (open == dims.end()) {
    if (wanted.element_count() != tensor.size()) fail("the number of elements differs");
    return wanted;
  }
  *open = 1;
  if (std::find(dims.begin(), dims.end(), -1) != dims.end()) fail("two dims are -1");
  const std::int64_t rest = Shape(dims).element_count();
  if (rest == 0 || tensor.size() % rest != 0) fail("no whole number fits the dim that is -1");
  *open = tensor.size() / rest;
  return Shape(std::move(dims));
}

}  // namespace

Tensor::Tensor(DType dtype, Shape shape) : Tensor(uninitialized(dtype, std::move(shape))) {
  if (dtype != DType::kString) std::memset(data_, 0, byte_size());
}

/// Where voxels lie: of the tensor itself, or of each of its rows.
struct Tensor::Places {
  bool of_rows = false;
  std::vector<Geometry> geometries;
};

const Geometry* Tensor::geometry() const noexcept {
  return places_ && !places_->of_rows ? &places_->geometries.front() : nullptr;
}

const Geometry* Tensor::row_geometry(std::int64_t row) const noexcept {
  if (!places_ || !places_->of_rows || row < 0) return nullptr;
  const auto at = static_cast<std::size_t>(row);
  return at < places_->geometries.size() ? &places_->geometries[at] : nullptr;
}

void Tensor::set_geometry(const Geometry& geometry) {
  places_ = std::make_shared<const Places>(Places{false, {geometry}});
}

void Tensor::set_row_geometries(std::vector<Geometry> geometries) {
  if (geometries.empty()) return clear_geometry();
  if (rank() == 0 || shape_[0] != static_cast<std::int64_t>(geometries.size())) {
    throw_shape(fmt::format("{} geometries were given for the rows of a tensor {}",
                            geometries.size(), describe(dtype_, shape_)),
                {"expected: one for each row of axis 0"});
  }
  places_ = std::make_shared<const Places>(Places{true, std::move(geometries)});
}

Tensor Tensor::uninitialized(DType dtype, Shape shape) {
  Tensor tensor;
  tensor.count_ = checked_count(dtype, shape);
  std::shared_ptr<void> memory = allocate(dtype, shape, tensor.count_);
  tensor.data_ = memory.get();
  tensor.owner_ = std::move(memory);
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  return tensor;
}

Tensor Tensor::view(void* data, DType dtype, Shape shape, std::shared_ptr<const void> keep_alive) {
  Tensor tensor;
  tensor.count_ = checked_count(dtype, shape);
  tensor.data_ = data;
  tensor.owner_ = std::move(keep_alive);
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  if (data == nullptr && tensor.count_ > 0) {
    throw_shape(fmt::format("a view {} of a null pointer", describe(dtype, tensor.shape_)));
  }
  return tensor;
}

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values) {
  require_count(dtype_of<T>(), shape, values.size());
  Tensor tensor = uninitialized(dtype_of<T>(), shape);
  std::copy(values.begin(), values.end(), tensor.data<T>().begin());
  return tensor;
}

template <class T>
Tensor Tensor::from(const Shape& shape, const std::vector<T>& values) {
  require_count(dtype_of<T>(), shape, values.size());
  Tensor tensor = uninitialized(dtype_of<T>(), shape);
  std::copy(values.begin(), values.end(), tensor.data<T>().begin());
  return tensor;
}

template <class T>
Tensor Tensor::scalar(T value) {
  Tensor tensor = uninitialized(dtype_of<T>(), Shape());
  tensor.data<T>()[0] = std::move(value);
  return tensor;
}

template <class T>
T Tensor::item() const {
  const auto values = data<T>();
  if (values.size() != 1) {
    throw_shape(fmt::format("item() of a tensor {}", describe(dtype_, shape_)),
                {"expected: exactly one element"});
  }
  return values[0];
}

#define TENON_INSTANTIATE(T)                                            \
  template Tensor Tensor::from<T>(const Shape&, std::span<const T>);    \
  template Tensor Tensor::from<T>(const Shape&, const std::vector<T>&); \
  template Tensor Tensor::scalar<T>(T);                                 \
  template T Tensor::item<T>() const;
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(BFloat16)
TENON_INSTANTIATE(std::int8_t)
TENON_INSTANTIATE(std::int16_t)
TENON_INSTANTIATE(std::int32_t)
TENON_INSTANTIATE(std::int64_t)
TENON_INSTANTIATE(std::uint8_t)
TENON_INSTANTIATE(std::uint16_t)
TENON_INSTANTIATE(bool)
TENON_INSTANTIATE(std::string)
#undef TENON_INSTANTIATE

Tensor Tensor::strings(const Shape& shape, std::vector<std::string> values) {
  require_count(DType::kString, shape, values.size());
  Tensor tensor = uninitialized(DType::kString, shape);
  std::move(values.begin(), values.end(), tensor.data<std::string>().begin());
  return tensor;
}

std::size_t Tensor::byte_size() const noexcept {
  return static_cast<std::size_t>(count_) * size_of(dtype_);
}

Tensor Tensor::slice(std::int64_t begin, std::int64_t end) const {
  require(dtype_);
  if (rank() == 0) throw_shape("slice of a scalar", {"expected: a tensor of rank 1 or more"});
  const std::int64_t rows = shape_[0];
  if (begin < 0 || begin > end || end > rows) {
    throw_shape(fmt::format("slice [{}, {}) of a tensor {}", begin, end, describe(dtype_, shape_)),
                {fmt::format("expected: 0 <= begin <= end <= {}", rows)});
  }
  Tensor part = *this;
  part.places_.reset();
  if (places_ && places_->of_rows && end > begin) {
    const auto first = places_->geometries.begin();
    part.places_ = std::make_shared<const Places>(Places{true, {first + begin, first + end}});
  }
  const std::int64_t row_size = rows == 0 ? 0 : count_ / rows;
  part.shape_[0] = end - begin;
  part.count_ = row_size * (end - begin);
  if (part.count_ > 0) {
    part.data_ = static_cast<std::byte*>(data_) +
                 static_cast<std::size_t>(begin * row_size) * size_of(dtype_);
  }
  return part;
}

Tensor Tensor::row(std::int64_t index) const {
  require(dtype_);
  if (rank() == 0 || index < 0 || index >= shape_[0]) {
    throw_shape(fmt::format("row {} of a tensor {}", index, describe(dtype_, shape_)),
                {rank() == 0 ? std::string("expected: a tensor of rank 1 or more")
                             : fmt::format("expected: 0 <= index < {}", shape_[0])});
  }
  Tensor part = slice(index, index + 1);
  part.shape_ = shape_.without_batch();
  part.places_.reset();
  if (const Geometry* place = row_geometry(index)) part.set_geometry(*place);
  return part;
}

Tensor Tensor::reshape(const Shape& shape) const {
  require(dtype_);
  Tensor result = *this;
  result.shape_ = resolve(*this, shape);
  if (result.shape_ != shape_) result.places_.reset();
  return result;
}

Tensor Tensor::clone() const {
  require(dtype_);
  Tensor copy = uninitialized(dtype_, shape_);
  copy_elements(copy, 0, *this);
  copy.places_ = places_;
  return copy;
}

bool Tensor::equals(const Tensor& other) const {
  if (defined() != other.defined()) return false;
  if (!defined()) return true;
  if (dtype_ != other.dtype_ || shape_ != other.shape_) return false;
  if (count_ == 0 || data_ == other.data_) return true;
  if (dtype_ == DType::kString) {
    return std::ranges::equal(data<std::string>(), other.data<std::string>());
  }
  return std::memcmp(data_, other.data_, byte_size()) == 0;
}

void Tensor::require(DType wanted) const {
  if (!defined()) {
    throw_shape("a tensor that was never set is used",
                {fmt::format("expected: a tensor of {}", name_of(wanted))});
  }
  if (dtype_ != wanted) {
    throw_shape(fmt::format("a tensor {} is read as {}", describe(dtype_, shape_), name_of(wanted)),
                {fmt::format("expected: {}", name_of(dtype_))},
                fmt::format("read it as {}, or cast it first", name_of(dtype_)), "D001");
  }
}

namespace {

/// Those of samples that become rows; none unless each has one.
std::vector<Geometry> geometries_of(std::span<const Tensor> tensors) {
  std::vector<Geometry> found;
  found.reserve(tensors.size());
  for (const Tensor& tensor : tensors) {
    if (tensor.geometry() == nullptr) return {};
    found.push_back(*tensor.geometry());
  }
  return found;
}

/// Those of rows that become rows of another tensor; none unless each has one.
std::vector<Geometry> row_geometries_of(std::span<const Tensor> tensors) {
  std::vector<Geometry> found;
  for (const Tensor& tensor : tensors) {
    for (std::int64_t row = 0; row < tensor.dim(0); ++row) {
      if (tensor.row_geometry(row) == nullptr) return {};
      found.push_back(*tensor.row_geometry(row));
    }
  }
  return found;
}

}  // namespace

Tensor stack(std::span<const Tensor> tensors) {
  if (tensors.empty()) throw_shape("stack of no tensors", {"expected: at least one tensor"});
  const Tensor& first = tensors.front();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined() || tensors[i].dtype() != first.dtype() ||
        tensors[i].shape() != first.shape()) {
      throw_shape(fmt::format("stack: tensor {} is {}, tensor 0 is {}", i,
                              describe(tensors[i].dtype(), tensors[i].shape()),
                              describe(first.dtype(), first.shape())),
                  {"expected: one dtype and one shape"}, "pad, crop or resize before stacking",
                  "S006");
    }
  }
  Tensor result = Tensor::uninitialized(
      first.dtype(), first.shape().with_batch(static_cast<std::int64_t>(tensors.size())));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    copy_elements(result, static_cast<std::int64_t>(i) * first.size(), tensors[i]);
  }
  result.set_row_geometries(geometries_of(tensors));
  return result;
}

Tensor concatenate_rows(std::span<const Tensor> tensors) {
  if (tensors.empty())
    throw_shape("concatenation of no tensors", {"expected: at least one tensor"});
  const Tensor& first = tensors.front();
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (!tensor.defined() || tensor.rank() == 0 || tensor.dtype() != first.dtype() ||
        tensor.shape().without_batch() != first.shape().without_batch()) {
      throw_shape(fmt::format("concatenation: tensor {} is {}, tensor 0 is {}", i,
                              describe(tensor.dtype(), tensor.shape()),
                              describe(first.dtype(), first.shape())),
                  {"expected: one dtype, and one shape but for the first axis"}, "", "S006");
    }
    rows += tensor.shape()[0];
  }
  Tensor result =
      Tensor::uninitialized(first.dtype(), first.shape().without_batch().with_batch(rows));
  std::int64_t at = 0;
  for (const Tensor& tensor : tensors) {
    copy_elements(result, at, tensor);
    at += tensor.size();
  }
  result.set_row_geometries(row_geometries_of(tensors));
  return result;
}

}  // namespace tenon
