#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/shape.hpp"

namespace tenon::backend::reference {

/// The axes of a batch of images, channels last.
struct ImageSize {
  std::int64_t batch = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;

  explicit ImageSize(const Shape& shape)
      : batch(shape[0]), height(shape[1]), width(shape[2]), channels(shape[3]) {}
};

/// How a window slides over the image x; y has one pixel per place of the window.
struct Window {
  std::array<std::int64_t, 2> size;  // height, width
  std::array<std::int64_t, 2> strides;
  std::array<std::int64_t, 2> dilation;
  std::array<std::int64_t, 2> pad_before;
};

/// One element of the window at one place that lies inside of the image.
struct Tap {
  std::int64_t x;      // offset of the first channel of x's pixel
  std::int64_t y;      // offset of the first channel of y's pixel
  std::int64_t index;  // of the element in the window, row by row
  std::int64_t row;    // of y's pixel
  std::int64_t column;
};

/// Calls visit(Tap) for every place of the window and every element of it, padding left out.
template <class Visit>
void for_each_tap(const ImageSize& x, const ImageSize& y, const Window& window, Visit visit) {
  for (std::int64_t image = 0; image < y.batch; ++image) {
    for (std::int64_t place = 0; place < y.height * y.width; ++place) {
      const std::int64_t row = place / y.width;
      const std::int64_t column = place % y.width;
      const std::int64_t y_offset = (image * y.height * y.width + place) * y.channels;
      for (std::int64_t index = 0; index < window.size[0] * window.size[1]; ++index) {
        const std::int64_t x_row = row * window.strides[0] - window.pad_before[0] +
                                   index / window.size[1] * window.dilation[0];
        const std::int64_t x_column = column * window.strides[1] - window.pad_before[1] +
                                      index % window.size[1] * window.dilation[1];
        if (x_row < 0 || x_row >= x.height || x_column < 0 || x_column >= x.width) {
          continue;
        }
        const std::int64_t x_pixel = (image * x.height + x_row) * x.width + x_column;
        visit(Tap{x_pixel * x.channels, y_offset, index, row, column});
      }
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
