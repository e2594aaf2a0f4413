#include <algorithm>
#include <cstring>

#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

/// Calls body(T{}) with a T of the size of the dtype's elements: these ops move bits and need not
/// know what they mean.
template <class Body>
void with_element_type(DType dtype, Body body) {
  switch (size_of(dtype)) {
    case 1:
      return body(std::uint8_t{});
    case 2:
      return body(std::uint16_t{});
    case 4:
      return body(std::uint32_t{});
    default:
      return body(std::uint64_t{});
  }
}

template <class T>
T* elements(const Buffer& buffer) {
  return reinterpret_cast<T*>(buffer.data);
}

/// Copies a box of `extents` from x to y, each walked with its own strides.
template <class T>
void copy_box(const Shape& extents, const T* x, const Strides& x_strides, T* y,
              const Strides& y_strides) {
  auto copy = [&](const std::array<std::int64_t, 2>& at) { y[at[1]] = x[at[0]]; };
  for_each_index<2>(extents, {x_strides, y_strides}, copy);
}

/// The offset of `index` in a dense array of `shape`.
std::int64_t offset_of(const std::vector<std::int64_t>& index, const Shape& shape) {
  const Strides strides = strides_of(shape);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    offset += index[axis] * strides[axis];
  }
  return offset;
}

void reshape(const KernelContext& context) {
  const Buffer& x = context.input_buffer(0);
  const Buffer& y = context.output_buffer(0);
  std::memcpy(y.data, x.data, static_cast<std::size_t>(x.size) * size_of(x.dtype));
}

void transpose(const KernelContext& context) {
  const auto& axes = context.attributes<ops::PermutationAttributes>().axes;
  const Buffer& x = context.input_buffer(0);
  const Buffer& y = context.output_buffer(0);
  const Strides own = strides_of(x.shape);
  Strides permuted{};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    permuted[axis] = own[static_cast<std::size_t>(axes[axis])];
  }
  with_element_type(x.dtype, [&](auto element) {
    using T = decltype(element);
    copy_box(y.shape, elements<const T>(x), permuted, elements<T>(y), strides_of(y.shape));
  });
}

void concatenate(const KernelContext& context) {
  const Buffer& y = context.output_buffer(0);
  const int given = context.attributes<ops::AxisAttributes>().axis;
  const auto axis = static_cast<std::size_t>(given < 0 ? given + y.shape.rank() : given);
  const Strides y_strides = strides_of(y.shape);
  std::int64_t offset = 0;
  for (int port = 0; port < context.num_inputs(); ++port) {
    const Buffer& x = context.input_buffer(port);
    with_element_type(x.dtype, [&](auto element) {
      using T = decltype(element);
      copy_box(x.shape, elements<const T>(x), strides_of(x.shape), elements<T>(y) + offset,
               y_strides);
    });
    offset += x.shape[axis] * y_strides[axis];
  }
}

void slice(const KernelContext& context) {
  const Buffer& x = context.input_buffer(0);
  const Buffer& y = context.output_buffer(0);
  const std::int64_t begin = offset_of(context.attributes<ops::RangeAttributes>().begin, x.shape);
  with_element_type(x.dtype, [&](auto element) {
    using T = decltype(element);
    copy_box(y.shape, elements<const T>(x) + begin, strides_of(x.shape), elements<T>(y),
             strides_of(y.shape));
  });
}

void pad(const KernelContext& context) {
  const Buffer& x = context.input_buffer(0);
  const Buffer& y = context.output_buffer(0);
  const std::int64_t begin = offset_of(context.attributes<ops::RangeAttributes>().begin, y.shape);
  with_element_type(x.dtype, [&](auto element) {
    using T = decltype(element);
    std::fill_n(elements<T>(y), y.size, T{0});
    copy_box(x.shape, elements<const T>(x), strides_of(x.shape), elements<T>(y) + begin,
             strides_of(y.shape));
  });
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kReshape, reshape, reshape},
    {ops::OpKind::kTranspose, transpose, transpose},
    {ops::OpKind::kConcatenate, concatenate, concatenate},
    {ops::OpKind::kSlice, slice, slice},
    {ops::OpKind::kPad, pad, pad},
};

}  // namespace

std::span<const KernelEntry> shape_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
