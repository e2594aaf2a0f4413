#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tenon/shape.hpp"

namespace tenon::backend::reference {

/// (depth, height, width) of numbers for each spatial axis; `absent` stands for an image's depth.
inline std::array<std::int64_t, 3> with_depth(std::span<const std::int64_t> numbers,
                                              std::int64_t absent) {
  std::array<std::int64_t, 3> all{absent, absent, absent};
  std::copy(numbers.begin(), numbers.end(),
            all.end() - static_cast<std::ptrdiff_t>(numbers.size()));
  return all;
}
/// The spatial axes of an image's, a volume's or a kernel's shape.
inline std::span<const std::int64_t> image_axes(const Shape& shape) {
  return std::span(shape.dims()).subspan(1, shape.dims().size() - 2);
}
inline std::span<const std::int64_t> kernel_axes(const Shape& shape) {
  return std::span(shape.dims()).first(shape.dims().size() - 2);
}

/// The axes of a batch of images or volumes, channels last. An image has the depth 1.
struct ImageSize {
  std::int64_t batch = 0;
  std::array<std::int64_t, 3> size{1, 1, 1};  // depth, height, width
  std::int64_t channels = 0;

  explicit ImageSize(const Shape& shape)
      : batch(shape[0]), size(with_depth(image_axes(shape), 1)), channels(shape.dim(-1)) {}
  std::int64_t pixels() const { return size[0] * size[1] * size[2]; }
};

/// How a window slides over the image x; y has one pixel per place of the window. Depth, height,
/// width.
struct Window {
  std::array<std::int64_t, 3> size;
  std::array<std::int64_t, 3> strides;
  std::array<std::int64_t, 3> dilation;
  std::array<std::int64_t, 3> pad_before;
};

/// One element of the window at one place that lies inside of the image.
struct Tap {
  std::int64_t x;                     // offset of the first channel of x's pixel
  std::int64_t y;                     // offset of the first channel of y's pixel
  std::int64_t index;                 // of the element in the window, row by row
  std::array<std::int64_t, 3> place;  // of y's pixel: layer, row, column
};

/// The place of the element `index` of a box of this size, which is counted row by row.
inline std::array<std::int64_t, 3> place_in(const std::array<std::int64_t, 3>& size,
                                            std::int64_t index) {
  return {index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]};
}

/// Calls visit(Tap) for every place of the window and every element of it, padding left out.
template <class Visit>
void for_each_tap(const ImageSize& x, const ImageSize& y, const Window& window, Visit visit) {
  const std::int64_t elements = window.size[0] * window.size[1] * window.size[2];
  for (std::int64_t pixel = 0; pixel < y.batch * y.pixels(); ++pixel) {
    const auto place = place_in(y.size, pixel % y.pixels());
    for (std::int64_t index = 0; index < elements; ++index) {
      const auto element = place_in(window.size, index);
      std::int64_t x_pixel = pixel / y.pixels();
      bool inside = true;
      for (std::size_t i = 0; i < place.size(); ++i) {
        const std::int64_t at =
            place[i] * window.strides[i] - window.pad_before[i] + element[i] * window.dilation[i];
        inside = inside && at >= 0 && at < x.size[i];
        x_pixel = x_pixel * x.size[i] + at;
      }
      if (inside) visit(Tap{x_pixel * x.channels, pixel * y.channels, index, place});
    }
  }
}

/// y += a · x; x and y do not overlap, which lets the compiler use vector registers.
template <class T>
void add_scaled(T a, const T* __restrict x, T* __restrict y, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    y[i] += a * x[i];
  }
}

/// Σ aᵢ·bᵢ in eight partial sums, which the compiler can keep in vector registers.
template <class T>
T inner_product(const T* a, const T* b, std::int64_t count) {
  constexpr std::int64_t kLanes = 8;
  std::array<T, kLanes> partial{};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      partial[static_cast<std::size_t>(lane)] += a[i + lane] * b[i + lane];
    }
  }
  T sum = 0;
  for (const T value : partial) {
    sum += value;
  }
  for (; i < count; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/// For x of `rows` × `channels`: store(channel, Σ over rows of term(element, channel)), summed in
/// double. Channels are taken in blocks so that memory is read in order.
template <class Term, class Store>
void sum_over_rows(std::int64_t rows, std::int64_t channels, Term term, Store store) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t first = 0; first < channels; first += kBlock) {
    const std::int64_t count = std::min(kBlock, channels - first);
    std::array<double, kBlock> sums{};
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t offset = row * channels + first;
      for (std::int64_t i = 0; i < count; ++i) {
        sums[static_cast<std::size_t>(i)] += static_cast<double>(term(offset + i, first + i));
      }
    }
    for (std::int64_t i = 0; i < count; ++i) {
      store(first + i, sums[static_cast<std::size_t>(i)]);
    }
  }
}

/// The most axes a value may have in this engine.
inline constexpr int kMaxRank = 16;
/// Elements to step over per axis.
using Strides = std::array<std::int64_t, kMaxRank>;

/// The strides of a dense row-major array.
inline Strides strides_of(const Shape& shape) {
  Strides strides{};
  std::int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = step;
    step *= shape[static_cast<std::size_t>(axis)];
  }
  return strides;
}

/// The strides with which an array of `shape` is read as one of `wide`, as NumPy broadcasts: axes
/// are aligned at the last one and an axis of size 1 is repeated.
inline Strides broadcast_strides(const Shape& shape, const Shape& wide) {
  const Strides own = strides_of(shape);
  Strides strides{};
  const int missing = wide.rank() - shape.rank();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto index = static_cast<std::size_t>(axis);
    if (shape[index] != 1) {
      strides[index + static_cast<std::size_t>(missing)] = own[index];
    }
  }
  return strides;
}

/// Calls visit(offsets) for every index of a box of `extents`, in row-major order; offsets[k] is
/// the place of that index under the k-th strides.
template <std::size_t kCount, class Visit>
void for_each_index(const Shape& extents, const std::array<Strides, kCount>& strides, Visit& visit,
                    std::array<std::int64_t, kCount> offsets = {}, int axis = 0) {
  if (axis == extents.rank()) {
    visit(offsets);
    return;
  }
  const auto index = static_cast<std::size_t>(axis);
  const bool innermost = axis + 1 == extents.rank();
  for (std::int64_t i = 0; i < extents[index]; ++i) {
    if (innermost) {
      visit(offsets);
    } else {
      for_each_index(extents, strides, visit, offsets, axis + 1);
    }
    for (std::size_t k = 0; k < kCount; ++k) {
      offsets[k] += strides[k][index];
    }
  }
}

}  // namespace tenon::backend::reference
