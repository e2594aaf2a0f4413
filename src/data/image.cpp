#include "data/image.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "data/numeric.hpp"
#include "data/resize_bytes.hpp"

namespace tenon::data {
namespace {

/// A tensor as (outer, height, width, inner), whatever its rank.
struct Layout {
  std::int64_t outer = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t inner = 1;
};

Layout layout_of(const Tensor& image, bool batched, const char* what) {
  if (!is_image_rank(image.rank(), batched)) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("{}: a tensor {} is no image", what, image.shape().to_string()),
        {batched ? "expected: (batch, height, width, channels) or (batch, height, width)"
                 : "expected: (height, width, channels) or (height, width)"}));
  }
  const ImageAxes axes = image_axes(batched);
  Layout layout;
  layout.outer = batched ? image.dim(0) : 1;
  layout.height = image.dim(axes.height);
  layout.width = image.dim(axes.width);
  for (int axis = axes.width + 1; axis < image.rank(); ++axis) layout.inner *= image.dim(axis);
  return layout;
}

Shape with_size(Shape shape, bool batched, Size2D size) {
  const ImageAxes axes = image_axes(batched);
  shape[static_cast<std::size_t>(axes.height)] = size[0];
  shape[static_cast<std::size_t>(axes.width)] = size[1];
  return shape;
}

/// How much of [i, i + 1) lies in [begin, end).
double overlap(double i, double begin, double end) {
  return std::max(0.0, std::min(i + 1.0, end) - std::max(i, begin));
}

template <class Weight>
void set_taps(std::vector<double>& weights, std::int64_t& start, std::int64_t first,
              std::int64_t last, Weight weight) {
  start = first;
  double sum = 0.0;
  for (std::int64_t i = first; i <= last; ++i) {
    weights.push_back(weight(static_cast<double>(i)));
    sum += weights.back();
  }
  for (double& value : weights) value /= sum;
}

template <class W>
Taps<W> bilinear_taps(double center, double radius, std::int64_t size) {
  Taps<W> taps;
  std::vector<double> weights;
  const auto hold = [size](double x) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(x), 0, size - 1);
  };
  if (radius <= 1.0) {
    // At the border the pixel outside counts as the last one inside.
    const double low = std::floor(center);
    const double part = center - low;
    const std::int64_t first = hold(low);
    const std::int64_t second = hold(low + 1.0);
    taps.start = first;
    if (first == second) {
      taps.weights = {W{1}};
    } else {
      taps.weights = {static_cast<W>(1.0 - part), static_cast<W>(part)};
    }
    return taps;
  }
  const std::int64_t first = hold(std::ceil(center - radius));
  const std::int64_t last = hold(std::floor(center + radius));
  set_taps(weights, taps.start, first, last,
           [&](double i) { return std::max(0.0, 1.0 - std::abs(i - center) / radius); });
  taps.weights.assign(weights.begin(), weights.end());
  return taps;
}

template <class W>
std::vector<Taps<W>> make_taps(std::int64_t from, std::int64_t to, Interpolation interpolation,
                               bool antialias) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  std::vector<Taps<W>> all(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    Taps<W>& taps = all[static_cast<std::size_t>(i)];
    const double begin = static_cast<double>(i) * scale;
    const double center = begin + 0.5 * scale;
    if (interpolation == Interpolation::kBilinear) {
      taps = bilinear_taps<W>(center - 0.5, antialias ? std::max(1.0, scale) : 1.0, from);
      continue;
    }
    if (interpolation == Interpolation::kNearest) {
      taps.start = std::min(static_cast<std::int64_t>(center), from - 1);
      taps.weights = {W{1}};
      continue;
    }
    const double end = begin + scale;
    const auto first = static_cast<std::int64_t>(begin);
    const auto last = std::min(from - 1, static_cast<std::int64_t>(std::ceil(end)) - 1);
    std::vector<double> weights;
    set_taps(weights, taps.start, std::min(first, from - 1), last,
             [&](double x) { return overlap(x, begin, end); });
    taps.weights.assign(weights.begin(), weights.end());
  }
  return all;
}

/// What make_taps() gave this thread last for rows (0) or columns (1): images mostly come in one
/// size.
template <class W>
const std::vector<Taps<W>>& kept_taps(std::size_t axis, std::int64_t from, std::int64_t to,
                                      Interpolation interpolation, bool antialias) {
  struct Kept {
    std::int64_t from = 0;
    std::int64_t to = 0;
    Interpolation interpolation = Interpolation::kNearest;
    bool antialias = false;
    std::vector<Taps<W>> taps;
  };
  thread_local std::array<Kept, 2> all;
  Kept& kept = all[axis];
  const bool same = kept.from == from && kept.to == to && kept.interpolation == interpolation &&
                    kept.antialias == antialias;
  if (!same)
    kept = {from, to, interpolation, antialias, make_taps<W>(from, to, interpolation, antialias)};
  return kept.taps;
}

/// One image: each output row is first summed over input rows, then its columns are mixed.
template <class T>
void resize_plane(const T* in, T* out, const Layout& from, Size2D size,
                  const std::vector<Taps<Wide<T>>>& rows,
                  const std::vector<Taps<Wide<T>>>& columns) {
  using W = Wide<T>;
  const auto row_size = static_cast<std::size_t>(from.width * from.inner);
  const auto inner = static_cast<std::size_t>(from.inner);
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    if (inner <= kMostByteChannels) {
      resize_bytes(in, out, static_cast<std::size_t>(from.width), inner, rows, columns);
      return;
    }
  }
  std::vector<W> sum(row_size);
  std::vector<W> pixel(inner);
  for (std::int64_t y = 0; y < size[0]; ++y) {
    const Taps<W>& row = rows[static_cast<std::size_t>(y)];
    std::fill(sum.begin(), sum.end(), W{0});
    for (std::size_t k = 0; k < row.weights.size(); ++k) {
      const T* line = in + (static_cast<std::size_t>(row.start) + k) * row_size;
      const W weight = row.weights[k];
      for (std::size_t i = 0; i < row_size; ++i) sum[i] += weight * widen(line[i]);
    }
    for (const Taps<W>& column : columns) {
      std::fill(pixel.begin(), pixel.end(), W{0});
      const W* at = sum.data() + static_cast<std::size_t>(column.start) * inner;
      for (const W weight : column.weights) {
        for (std::size_t c = 0; c < inner; ++c) pixel[c] += weight * *at++;
      }
      for (std::size_t c = 0; c < inner; ++c) *out++ = narrow<T>(pixel[c]);
    }
  }
}

void require_pixels(const Layout& layout, const Tensor& image) {
  if (layout.height > 0 && layout.width > 0) return;
  throw ShapeError(make_diagnostic(
      "S002", fmt::format("resize: an image {} has no pixels", image.shape().to_string()),
      {"expected: a height and a width of at least 1"}));
}

}  // namespace

Tensor resize_image(const Tensor& image, Size2D size, Interpolation interpolation, bool antialias,
                    bool batched) {
  const Layout from = layout_of(image, batched, "resize");
  require_pixels(from, image);
  Tensor result = Tensor::uninitialized(image.dtype(), with_size(image.shape(), batched, size));
  with_number_type(image.dtype(), [&](auto type) {
    using T = decltype(type);
    const auto& rows = kept_taps<Wide<T>>(0, from.height, size[0], interpolation, antialias);
    const auto& columns = kept_taps<Wide<T>>(1, from.width, size[1], interpolation, antialias);
    const T* in = image.data<T>().data();
    T* out = result.data<T>().data();
    for (std::int64_t i = 0; i < from.outer; ++i) {
      resize_plane<T>(in, out, from, size, rows, columns);
      in += from.height * from.width * from.inner;
      out += size[0] * size[1] * from.inner;
    }
  });
  return result;
}

Tensor crop_image(const Tensor& image, std::int64_t top, std::int64_t left, Size2D size,
                  double padding, bool batched) {
  const Layout from = layout_of(image, batched, "crop");
  if (image.dtype() == DType::kString) with_number_type(image.dtype(), [](auto) {});
  Tensor result = Tensor::uninitialized(image.dtype(), with_size(image.shape(), batched, size));
  const bool inside =
      top >= 0 && left >= 0 && top + size[0] <= from.height && left + size[1] <= from.width;
  if (!inside) fill_tensor(result, padding);
  const std::int64_t first_row = std::max<std::int64_t>(0, top);
  const std::int64_t last_row = std::min(from.height, top + size[0]);
  const std::int64_t first_column = std::max<std::int64_t>(0, left);
  const std::int64_t last_column = std::min(from.width, left + size[1]);
  if (first_column >= last_column) return result;
  const std::size_t pixel = static_cast<std::size_t>(from.inner) * size_of(image.dtype());
  const std::size_t bytes = static_cast<std::size_t>(last_column - first_column) * pixel;
  for (std::int64_t n = 0; n < from.outer; ++n) {
    for (std::int64_t y = first_row; y < last_row; ++y) {
      const auto in = static_cast<std::size_t>((n * from.height + y) * from.width + first_column);
      const auto out =
          static_cast<std::size_t>((n * size[0] + y - top) * size[1] + first_column - left);
      std::memcpy(result.bytes() + out * pixel, image.bytes() + in * pixel, bytes);
    }
  }
  return result;
}

Tensor flip_axis(const Tensor& tensor, int axis) {
  std::int64_t outer = 1;
  for (int i = 0; i < axis; ++i) outer *= tensor.dim(i);
  const std::int64_t size = tensor.dim(axis);
  if (tensor.size() == 0) return tensor.clone();
  if (tensor.dtype() == DType::kString) with_number_type(tensor.dtype(), [](auto) {});
  const std::int64_t inner = tensor.size() / (outer * size);
  const std::size_t bytes = static_cast<std::size_t>(inner) * size_of(tensor.dtype());
  Tensor result = Tensor::uninitialized(tensor.dtype(), tensor.shape());
  for (std::int64_t n = 0; n < outer; ++n) {
    for (std::int64_t i = 0; i < size; ++i) {
      const auto in = static_cast<std::size_t>(n * size + i) * bytes;
      const auto out = static_cast<std::size_t>(n * size + size - 1 - i) * bytes;
      std::memcpy(result.bytes() + out, tensor.bytes() + in, bytes);
    }
  }
  return result;
}

}  // namespace tenon::data
