#include "data/volume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "data/linear_rows.hpp"
#include "data/numeric.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

using Point = std::array<double, 3>;

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

std::int64_t offset_of(const Grid& grid, std::int64_t d, std::int64_t h, std::int64_t w) {
  return ((d * grid.size[1] + h) * grid.size[2] + w) * grid.channels;
}

/// The result of a move, with its geometry.
Tensor placed(Tensor result, const Tensor& volume, const IndexTransform& to_old) {
  if (const Geometry* geometry = volume.geometry()) {
    result.set_geometry(transformed(*geometry, to_old));
  }
  return result;
}

/// Copies the columns [first, first + count) of a row that may reach over both ends.
template <class T>
void copy_row(const T* row, std::int64_t columns, std::int64_t channels, std::int64_t first,
              std::int64_t count, T outside, T* to) {
  const std::int64_t begin = std::clamp<std::int64_t>(-first, 0, count);
  const std::int64_t end = std::clamp<std::int64_t>(columns - first, begin, count);
  std::fill(to, to + begin * channels, outside);
  std::copy(row + (first + begin) * channels, row + (first + end) * channels,
            to + begin * channels);
  std::fill(to + end * channels, to + count * channels, outside);
}

/// Where a coordinate lies between two voxels of an axis.
struct Between {
  std::int64_t low = 0;
  std::int64_t high = 0;
  float share = 0.0F;  ///< Of `high`.
  bool low_inside = true;
  bool high_inside = true;
};

Between between(double coordinate, std::int64_t size) {
  const double down = std::floor(coordinate);
  // Far outside; also keeps NaN and what no integer holds away.
  const double held = std::clamp(std::isnan(down) ? -2.0 : down, -2.0, static_cast<double>(size));
  const auto low = static_cast<std::int64_t>(held);
  Between result;
  result.share = held == down ? static_cast<float>(coordinate - down) : 0.0F;
  result.low_inside = low >= 0 && low < size;
  result.high_inside = low + 1 >= 0 && low + 1 < size;
  result.low = std::clamp<std::int64_t>(low, 0, size - 1);
  result.high = std::clamp<std::int64_t>(low + 1, 0, size - 1);
  return result;
}

/// Mixes the eight neighbours of one point, all channels.
template <class T>
class LinearSampler {
 public:
  LinearSampler(const T* data, const Grid& grid, std::optional<double> outside)
      : data_(data),
        grid_(grid),
        outside_(static_cast<Wide<T>>(outside.value_or(0.0))),
        constant_(outside.has_value()) {}

  void operator()(const Point& point, T* to) const {
    bool inside = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      inside =
          inside && point[axis] >= 0.0 && point[axis] < static_cast<double>(grid_.size[axis] - 1);
    }
    inside ? mix_inside(point, to) : mix_anywhere(point, to);
  }

 private:
  /// All eight are there: what mix_anywhere() does then, to the bit.
  void mix_inside(const Point& point, T* to) const {
    std::array<std::int64_t, 3> low{};
    std::array<float, 3> share{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      low[axis] = static_cast<std::int64_t>(point[axis]);
      share[axis] = static_cast<float>(point[axis] - static_cast<double>(low[axis]));
    }
    const std::int64_t column = grid_.channels;
    const std::int64_t row = grid_.size[2] * column;
    const std::int64_t slice = grid_.size[1] * row;
    const T* first = data_ + low[0] * slice + low[1] * row + low[2] * column;
    const float near = 1.0F - share[0];
    const float high = 1.0F - share[1];
    const float left = 1.0F - share[2];
    const std::array<float, 4> weight{near * high, near * share[1], share[0] * high,
                                      share[0] * share[1]};
    const std::array<std::int64_t, 4> place{0, row, slice, slice + row};
    for (std::int64_t c = 0; c < column; ++c) {
      Wide<T> sum{0};
      for (std::size_t i = 0; i < 4; ++i) {
        sum += weight[i] * left * widen(first[place[i] + c]);
        sum += weight[i] * share[2] * widen(first[place[i] + column + c]);
      }
      to[c] = narrow<T>(sum);
    }
  }

  void mix_anywhere(const Point& point, T* to) const {
    const Between d = between(point[0], grid_.size[0]);
    const Between h = between(point[1], grid_.size[1]);
    const Between w = between(point[2], grid_.size[2]);
    std::array<const T*, 8> corner{};
    std::array<float, 8> weight{};
    for (int i = 0; i < 8; ++i) {
      const bool far = (i & 4) != 0;
      const bool low = (i & 2) != 0;
      const bool right = (i & 1) != 0;
      const bool inside = (far ? d.high_inside : d.low_inside) &&
                          (low ? h.high_inside : h.low_inside) &&
                          (right ? w.high_inside : w.low_inside);
      corner[at(i)] = inside || !constant_
                          ? data_ + offset_of(grid_, far ? d.high : d.low, low ? h.high : h.low,
                                              right ? w.high : w.low)
                          : nullptr;
      weight[at(i)] = (far ? d.share : 1.0F - d.share) * (low ? h.share : 1.0F - h.share) *
                      (right ? w.share : 1.0F - w.share);
    }
    for (std::int64_t c = 0; c < grid_.channels; ++c) {
      Wide<T> sum{0};
      for (std::size_t i = 0; i < 8; ++i) {
        const Wide<T> value = corner[i] != nullptr ? widen(corner[i][c]) : outside_;
        sum += weight[i] * value;
      }
      to[c] = narrow<T>(sum);
    }
  }

  const T* data_;
  const Grid& grid_;
  Wide<T> outside_;
  bool constant_;
};

template <class T>
class NearestSampler {
 public:
  NearestSampler(const T* data, const Grid& grid, std::optional<double> outside)
      : data_(data),
        grid_(grid),
        outside_(narrow<T>(outside.value_or(0.0))),
        constant_(outside.has_value()) {}

  void operator()(const Point& point, T* to) const {
    Index3D index{};
    bool inside = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double rounded = std::floor(point[axis] + 0.5);
      const auto last = static_cast<double>(grid_.size[axis] - 1);
      inside = inside && rounded >= 0.0 && rounded <= last;
      index[axis] = static_cast<std::int64_t>(rounded >= 0.0 ? std::min(rounded, last) : 0.0);
    }
    if (!inside && constant_) {
      std::fill(to, to + grid_.channels, outside_);
      return;
    }
    const T* from = data_ + offset_of(grid_, index[0], index[1], index[2]);
    std::copy(from, from + grid_.channels, to);
  }

 private:
  const T* data_;
  const Grid& grid_;
  T outside_;
  bool constant_;
};

/// Calls `sampler` for every voxel of a grid with where it lies in the old one.
template <class T, class Sampler, class Where>
void sample_all(const Grid& grid, T* to, const Sampler& sampler, const Where& where) {
  for (std::int64_t d = 0; d < grid.size[0]; ++d) {
    for (std::int64_t h = 0; h < grid.size[1]; ++h) {
      for (std::int64_t w = 0; w < grid.size[2]; ++w) {
        sampler(where(d, h, w), to);
        to += grid.channels;
      }
    }
  }
}

template <class Where>
Tensor sampled(const Tensor& volume, const Size3D& size, const ResampleOptions& options,
               const Where& where) {
  const Grid grid(volume.shape());
  Tensor result = Tensor::uninitialized(volume.dtype(), grid.shape_of(size));
  const Grid out(result.shape());
  with_number_type(volume.dtype(), [&](auto type) {
    using T = decltype(type);
    const T* from = volume.data<T>().data();
    T* to = result.data<T>().data();
    if (options.linear) {
      sample_all(out, to, LinearSampler<T>(from, grid, options.outside), where);
    } else {
      sample_all(out, to, NearestSampler<T>(from, grid, options.outside), where);
    }
  });
  return result;
}

/// True if each axis of the result runs along the same axis of the old grid.
bool keeps_axes(const IndexTransform& transform) {
  for (std::size_t i = 0; i < 9; ++i) {
    if (i % 4 != 0 && transform.matrix[i] != 0.0) return false;
  }
  return true;
}

/// Linear, of floats with one channel: the bits of LinearSampler.
bool goes_by_rows(const Tensor& volume, const ResampleOptions& options) {
  if (!options.linear || volume.dtype() != DType::kFloat32) return false;
  const Grid grid(volume.shape());
  return grid.channels == 1 && has_linear_rows(grid.size);
}

Tensor resample_rows(const Tensor& volume, const Size3D& size, const IndexTransform& to_old,
                     const ResampleOptions& options) {
  const Grid grid(volume.shape());
  LinearVoxels voxels{volume.data<float>().data(), grid.size};
  if (options.outside) voxels.outside = static_cast<float>(*options.outside);
  Tensor result = Tensor::uninitialized(DType::kFloat32, grid.shape_of(size));
  sample_linear_rows(voxels, to_old, Grid(result.shape()).size, result.data<float>().data());
  return result;
}

/// One axis resampled linearly: (outer, size, inner) to (outer, new size, inner), in Wide<T>.
template <class W>
void mix_axis(const W* from, W* to, std::int64_t outer, std::int64_t inner, std::int64_t size,
              const std::vector<Between>& places, std::optional<double> outside) {
  const W border = static_cast<W>(outside.value_or(0.0));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Between& place : places) {
      const W* low = from + (o * size + place.low) * inner;
      const W* high = from + (o * size + place.high) * inner;
      const W share = static_cast<W>(place.share);
      const bool low_out = outside && !place.low_inside;
      const bool high_out = outside && !place.high_inside;
      if (!low_out && !high_out) {
        for (std::int64_t i = 0; i < inner; ++i) to[i] = low[i] + share * (high[i] - low[i]);
      } else {
        for (std::int64_t i = 0; i < inner; ++i) {
          const W a = low_out ? border : low[i];
          const W b = high_out ? border : high[i];
          to[i] = a + share * (b - a);
        }
      }
      to += inner;
    }
  }
}

/// Linear along axes that stay what they are: one axis after another, the one that shrinks the most
/// first.
template <class T>
Tensor resample_axes(const Tensor& volume, const Size3D& size, const IndexTransform& to_old,
                     const ResampleOptions& options) {
  using W = Wide<T>;
  const Grid grid(volume.shape());
  const auto source = volume.data<T>();
  std::vector<W> values(source.size());
  std::transform(source.begin(), source.end(), values.begin(), [](T v) { return widen(v); });
  Size3D now = grid.size;
  std::array<std::size_t, 3> order{0, 1, 2};
  std::ranges::sort(order, {}, [&](std::size_t axis) {
    return static_cast<double>(size[axis]) / static_cast<double>(grid.size[axis]);
  });
  for (const std::size_t axis : order) {
    std::vector<Between> places;
    bool same = size[axis] == now[axis];
    for (std::int64_t i = 0; i < size[axis]; ++i) {
      const double where = to_old.matrix[axis * 4] * static_cast<double>(i) + to_old.offset[axis];
      same = same && where == static_cast<double>(i);
      places.push_back(between(where, now[axis]));
    }
    if (same) continue;
    std::int64_t outer = 1;
    std::int64_t inner = grid.channels;
    for (std::size_t a = 0; a < 3; ++a) (a < axis ? outer : inner) *= a == axis ? 1 : now[a];
    std::vector<W> mixed(at(outer * size[axis] * inner));
    mix_axis(values.data(), mixed.data(), outer, inner, now[axis], places, options.outside);
    values = std::move(mixed);
    now[axis] = size[axis];
  }
  Tensor result = Tensor::uninitialized(volume.dtype(), grid.shape_of(size));
  std::transform(values.begin(), values.end(), result.data<T>().begin(),
                 [](W v) { return narrow<T>(v); });
  return result;
}

/// Where a mirror that repeats the border leads: …, 1, 0, 0, 1, …, n - 1, n - 1, …
std::int64_t mirrored(std::int64_t index, std::int64_t size) {
  const std::int64_t period = 2 * size;
  const std::int64_t held = ((index % period) + period) % period;
  return held < size ? held : period - 1 - held;
}

std::vector<float> gaussian_weights(double sigma) {
  const auto radius = static_cast<std::int64_t>(std::floor(4.0 * sigma + 0.5));
  std::vector<double> weights;
  double sum = 0.0;
  for (std::int64_t i = -radius; i <= radius; ++i) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(i * i) / (sigma * sigma)));
    sum += weights.back();
  }
  std::vector<float> scaled(weights.size());
  std::ranges::transform(weights, scaled.begin(),
                         [&](double weight) { return static_cast<float>(weight / sum); });
  return scaled;
}

template <class W>
void blur_axis(const std::vector<W>& from, std::vector<W>& to, std::int64_t outer,
               std::int64_t size, std::int64_t inner, const std::vector<float>& weights) {
  const auto radius = static_cast<std::int64_t>(weights.size() / 2);
  std::fill(to.begin(), to.end(), W{0});
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < size; ++i) {
      W* target = to.data() + (o * size + i) * inner;
      for (std::int64_t k = -radius; k <= radius; ++k) {
        const W weight = static_cast<W>(weights[at(k + radius)]);
        const W* row = from.data() + (o * size + mirrored(i + k, size)) * inner;
        for (std::int64_t j = 0; j < inner; ++j) target[j] += weight * row[j];
      }
    }
  }
}

/// The shift of a field at a voxel of a grid of `size`.
Point shift_at(const DisplacementField& field, const Size3D& size, const Index3D& voxel) {
  std::array<Between, 3> place{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double last = static_cast<double>(std::max<std::int64_t>(size[axis] - 1, 1));
    place[axis] = between(
        static_cast<double>(voxel[axis]) * static_cast<double>(field.nodes[axis] - 1) / last,
        field.nodes[axis]);
  }
  Point shift{};
  for (std::size_t i = 0; i < 8; ++i) {
    Index3D node{};
    float weight = 1.0F;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const bool high = ((i >> axis) & 1) != 0;
      node[axis] = high ? place[axis].high : place[axis].low;
      weight *= high ? place[axis].share : 1.0F - place[axis].share;
    }
    const auto& there =
        field.shifts[at((node[0] * field.nodes[1] + node[1]) * field.nodes[2] + node[2])];
    for (std::size_t axis = 0; axis < 3; ++axis)
      shift[axis] += static_cast<double>(weight * there[axis]);
  }
  return shift;
}

}  // namespace

Grid::Grid(const Shape& shape) : rank(shape.rank()) {
  if (!is_spatial_rank(rank)) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("a tensor {} is no image and no volume", shape.to_string()),
        {"expected: (height, width), (height, width, channels) or (depth, height, width, "
         "channels)"}));
  }
  if (rank == 4) {
    size = {shape[0], shape[1], shape[2]};
  } else {
    size = {1, shape[0], shape[1]};
  }
  if (rank > 2) channels = shape.dim(rank - 1);
  if (voxels() < 1 || channels < 1) {
    throw ShapeError(
        make_diagnostic("S002", fmt::format("a tensor {} holds no voxels", shape.to_string())));
  }
}

Shape Grid::shape_of(const Size3D& other) const {
  if (rank == 4) return {other[0], other[1], other[2], channels};
  if (rank == 3) return {other[1], other[2], channels};
  return {other[1], other[2]};
}

Tensor crop_volume(const Tensor& volume, const Index3D& first, const Size3D& size, double padding) {
  const Grid grid(volume.shape());
  Tensor result = Tensor::uninitialized(volume.dtype(), grid.shape_of(size));
  with_number_type(volume.dtype(), [&](auto type) {
    using T = decltype(type);
    const T outside = narrow<T>(static_cast<Wide<T>>(padding));
    const T* from = volume.data<T>().data();
    T* to = result.data<T>().data();
    const std::int64_t row = size[2] * grid.channels;
    for (std::int64_t d = first[0]; d < first[0] + size[0]; ++d) {
      for (std::int64_t h = first[1]; h < first[1] + size[1]; ++h, to += row) {
        const bool inside = d >= 0 && d < grid.size[0] && h >= 0 && h < grid.size[1];
        if (!inside) {
          std::fill(to, to + row, outside);
          continue;
        }
        copy_row(from + offset_of(grid, d, h, 0), grid.size[2], grid.channels, first[2], size[2],
                 outside, to);
      }
    }
  });
  IndexTransform shift;
  for (std::size_t axis = 0; axis < 3; ++axis)
    shift.offset[axis] = static_cast<double>(first[axis]);
  return placed(std::move(result), volume, shift);
}

Tensor reorient(const Tensor& volume, const std::array<int, 3>& from,
                const std::array<bool, 3>& flipped) {
  const Grid grid(volume.shape());
  Size3D size{};
  std::array<std::int64_t, 3> step{};  // In the old tensor, per axis of the new one.
  std::int64_t start = 0;
  const std::array<std::int64_t, 3> old_step{grid.size[1] * grid.size[2] * grid.channels,
                                             grid.size[2] * grid.channels, grid.channels};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto old = static_cast<std::size_t>(from[axis]);
    size[axis] = grid.size[old];
    step[axis] = flipped[axis] ? -old_step[old] : old_step[old];
    if (flipped[axis]) start += (size[axis] - 1) * old_step[old];
  }
  Tensor result = Tensor::uninitialized(volume.dtype(), grid.shape_of(size));
  const std::size_t voxel = at(grid.channels) * size_of(volume.dtype());
  const auto element = static_cast<std::int64_t>(size_of(volume.dtype()));
  std::byte* to = result.bytes();
  for (std::int64_t d = 0; d < size[0]; ++d) {
    for (std::int64_t h = 0; h < size[1]; ++h) {
      const std::byte* row = volume.bytes() + (start + d * step[0] + h * step[1]) * element;
      for (std::int64_t w = 0; w < size[2]; ++w, to += voxel) {
        std::memcpy(to, row + w * step[2] * element, voxel);
      }
    }
  }
  return placed(std::move(result), volume, turning(grid.size, {from, flipped}));
}

IndexTransform turning(const Size3D& old_size, const Turn& turn) {
  IndexTransform to_old{{}, {}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto old = static_cast<std::size_t>(turn.from[axis]);
    to_old.matrix[old * 3 + axis] = turn.flipped[axis] ? -1.0 : 1.0;
    if (turn.flipped[axis]) to_old.offset[old] = static_cast<double>(old_size[old] - 1);
  }
  return to_old;
}

Tensor resample(const Tensor& volume, const Size3D& size, const IndexTransform& to_old,
                const ResampleOptions& options) {
  Tensor result;
  if (options.linear && keeps_axes(to_old)) {
    with_number_type(volume.dtype(), [&](auto type) {
      result = resample_axes<decltype(type)>(volume, size, to_old, options);
    });
  } else if (goes_by_rows(volume, options)) {
    result = resample_rows(volume, size, to_old, options);
  } else {
    result = sampled(volume, size, options, [&](std::int64_t d, std::int64_t h, std::int64_t w) {
      return to_old({static_cast<double>(d), static_cast<double>(h), static_cast<double>(w)});
    });
  }
  return placed(std::move(result), volume, to_old);
}

Tensor resample(const Tensor& volume, const Size3D& size, const IndexTransform& to_old,
                const DisplacementField& field, const ResampleOptions& options) {
  const Tensor result =
      sampled(volume, size, options, [&](std::int64_t d, std::int64_t h, std::int64_t w) {
        Point point{static_cast<double>(d), static_cast<double>(h), static_cast<double>(w)};
        const Point shift = shift_at(field, size, {d, h, w});
        for (std::size_t axis = 0; axis < 3; ++axis) point[axis] += shift[axis];
        return to_old(point);
      });
  return placed(result, volume, to_old);
}

IndexTransform rescaling(const Size3D& old_size, const Size3D& size) {
  IndexTransform to_old;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double factor = static_cast<double>(old_size[axis]) / static_cast<double>(size[axis]);
    to_old.matrix[axis * 4] = factor;
    to_old.offset[axis] = (factor - 1.0) / 2.0;
  }
  return to_old;
}

Tensor mean_of_blocks(const Tensor& volume, const Size3D& block) {
  const Grid grid(volume.shape());
  Size3D size{};
  IndexTransform to_old;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    size[axis] = grid.size[axis] / block[axis];
    to_old.matrix[axis * 4] = static_cast<double>(block[axis]);
    to_old.offset[axis] = static_cast<double>(block[axis] - 1) / 2.0;
  }
  Tensor result = Tensor::uninitialized(volume.dtype(), grid.shape_of(size));
  with_number_type(volume.dtype(), [&](auto type) {
    using T = decltype(type);
    using W = Wide<T>;
    const T* from = volume.data<T>().data();
    T* to = result.data<T>().data();
    const W share = W{1} / static_cast<W>(block[0] * block[1] * block[2]);
    const std::int64_t row = size[2] * grid.channels;
    std::vector<W> sums(at(row));
    for (std::int64_t d = 0; d < size[0]; ++d) {
      for (std::int64_t h = 0; h < size[1]; ++h, to += row) {
        std::fill(sums.begin(), sums.end(), W{0});
        for (std::int64_t b = 0; b < block[0] * block[1]; ++b) {
          const T* line =
              from + offset_of(grid, d * block[0] + b / block[1], h * block[1] + b % block[1], 0);
          for (std::int64_t w = 0; w < size[2] * block[2]; ++w) {
            W* sum = sums.data() + w / block[2] * grid.channels;
            for (std::int64_t c = 0; c < grid.channels; ++c) sum[c] += widen(*line++);
          }
        }
        for (std::int64_t i = 0; i < row; ++i) to[i] = narrow<T>(sums[at(i)] * share);
      }
    }
  });
  return placed(std::move(result), volume, to_old);
}

Tensor blur(const Tensor& volume, const std::array<double, 3>& sigma) {
  const Grid grid(volume.shape());
  Tensor result = Tensor::uninitialized(volume.dtype(), volume.shape());
  with_number_type(volume.dtype(), [&](auto type) {
    using T = decltype(type);
    using W = Wide<T>;
    const auto source = volume.data<T>();
    std::vector<W> values(source.size());
    std::transform(source.begin(), source.end(), values.begin(), [](T v) { return widen(v); });
    std::vector<W> other(values.size());
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (!(sigma[axis] > 0.0) || grid.size[axis] == 1) continue;
      std::int64_t outer = 1;
      std::int64_t inner = grid.channels;
      for (std::size_t a = 0; a < 3; ++a)
        (a < axis ? outer : inner) *= a == axis ? 1 : grid.size[a];
      blur_axis(values, other, outer, grid.size[axis], inner, gaussian_weights(sigma[axis]));
      values.swap(other);
    }
    std::transform(values.begin(), values.end(), result.data<T>().begin(),
                   [](W v) { return narrow<T>(v); });
  });
  return placed(std::move(result), volume, {});
}

}  // namespace tenon::data
