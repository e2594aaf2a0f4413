#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

Window window_of(const ops::PoolingAttributes& attributes) {
  return {with_depth(attributes.window, 1),
          with_depth(attributes.strides, 1),
          {1, 1, 1},
          with_depth(attributes.pad_before, 0)};
}

/// How many of `window` elements at `place` lie inside of an axis of `size`.
std::int64_t inside(std::int64_t place, std::int64_t stride, std::int64_t pad_before,
                    std::int64_t window, std::int64_t size) {
  const std::int64_t begin = place * stride - pad_before;
  return std::max<std::int64_t>(0,
                                std::min(begin + window, size) - std::max<std::int64_t>(begin, 0));
}

/// The elements that an average is taken over at one place of the window.
template <class T>
T elements_inside(const Window& window, const ImageSize& x, const Tap& tap) {
  std::int64_t count = 1;
  for (std::size_t i = 0; i < tap.place.size(); ++i) {
    count *=
        inside(tap.place[i], window.strides[i], window.pad_before[i], window.size[i], x.size[i]);
  }
  return static_cast<T>(count);
}

/// The workspace holds, for each element of y, the index in the window of the (first) largest.
template <class T>
void max_pooling(const KernelContext& context) {
  const ImageSize x_size(context.input_shape(0));
  const ImageSize y_size(context.output_shape(0));
  const T* x = context.input<T>(0);
  T* y = context.output<T>(0);
  auto* workspace = context.output<std::int32_t>(1);
  std::fill_n(y, context.output_size(0), -std::numeric_limits<T>::infinity());
  if (workspace != nullptr) {
    std::fill_n(workspace, context.output_size(1), -1);
  }
  const Window window = window_of(context.attributes<ops::PoolingAttributes>());
  for_each_tap(x_size, y_size, window, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < y_size.channels; ++c) {
      const T value = x[tap.x + c];
      T& largest = y[tap.y + c];
      // A NaN stays: it must not vanish behind a maximum.
      if (value > largest || std::isnan(value)) {
        largest = value;
        if (workspace != nullptr) {
          workspace[tap.y + c] = static_cast<std::int32_t>(tap.index);
        }
      }
    }
  });
}

template <class T>
void max_pooling_backward(const KernelContext& context) {
  const ImageSize x_size(context.output_shape(0));
  const ImageSize y_size(context.input_shape(3));
  const auto* workspace = context.input<std::int32_t>(2);
  const T* dy = context.input<T>(3);
  T* dx = context.output<T>(0);
  std::fill_n(dx, context.output_size(0), T(0));
  const Window window = window_of(context.attributes<ops::PoolingAttributes>());
  for_each_tap(x_size, y_size, window, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < y_size.channels; ++c) {
      if (workspace[tap.y + c] == tap.index) {
        dx[tap.x + c] += dy[tap.y + c];
      }
    }
  });
}

template <class T>
void average_pooling(const KernelContext& context) {
  const ImageSize x_size(context.input_shape(0));
  const ImageSize y_size(context.output_shape(0));
  const T* x = context.input<T>(0);
  T* y = context.output<T>(0);
  std::fill_n(y, context.output_size(0), T(0));
  const Window window = window_of(context.attributes<ops::PoolingAttributes>());
  for_each_tap(x_size, y_size, window, [&](const Tap& tap) {
    add_scaled(T(1) / elements_inside<T>(window, x_size, tap), x + tap.x, y + tap.y,
               y_size.channels);
  });
}

template <class T>
void average_pooling_backward(const KernelContext& context) {
  const ImageSize x_size(context.output_shape(0));
  const ImageSize y_size(context.input_shape(0));
  const T* dy = context.input<T>(0);
  T* dx = context.output<T>(0);
  std::fill_n(dx, context.output_size(0), T(0));
  const Window window = window_of(context.attributes<ops::PoolingAttributes>());
  for_each_tap(x_size, y_size, window, [&](const Tap& tap) {
    add_scaled(T(1) / elements_inside<T>(window, x_size, tap), dy + tap.y, dx + tap.x,
               y_size.channels);
  });
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kMaxPooling, max_pooling<float>, max_pooling<double>},
    {ops::OpKind::kMaxPoolingBackward, max_pooling_backward<float>, max_pooling_backward<double>},
    {ops::OpKind::kAveragePooling, average_pooling<float>, average_pooling<double>},
    {ops::OpKind::kAveragePoolingBackward, average_pooling_backward<float>,
     average_pooling_backward<double>},
};

}  // namespace

std::span<const KernelEntry> pooling_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
