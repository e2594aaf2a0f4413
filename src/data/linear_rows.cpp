#include "data/linear_rows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace tenon::data {
namespace {

/// Where coordinates lie between two voxels of an axis.
template <std::size_t kLanes>
struct Places {
  std::array<Integers<kLanes>, 2> index;   ///< The lower and the higher one, held inside.
  std::array<Integers<kLanes>, 2> inside;  ///< -1 where that one is there, else 0.
  std::array<Floats<kLanes>, 2> weight;
};

template <std::size_t kLanes>
TENON_INLINE Integers<kLanes> held(const Integers<kLanes>& index, std::int32_t low,
                                   std::int32_t high) {
  const Integers<kLanes> least = Integers<kLanes>{} + low;
  const Integers<kLanes> most = Integers<kLanes>{} + high;
  const Integers<kLanes> above = index > least ? index : least;
  return above < most ? above : most;
}

/// What lies far outside, and NaN, counts as two voxels below or one above.
template <std::size_t kLanes>
TENON_INLINE Places<kLanes> places_of(const Doubles<kLanes>& coordinate, std::int32_t size) {
  const Doubles<kLanes> least = Doubles<kLanes>{} - 3.0;
  const Doubles<kLanes> most = Doubles<kLanes>{} + (static_cast<double>(size) + 1.0);
  Doubles<kLanes> near = coordinate > least ? coordinate : least;
  near = near < most ? near : most;
  Doubles<kLanes> down =
      __builtin_convertvector(__builtin_convertvector(near, Integers<kLanes>), Doubles<kLanes>);
  down = down > near ? down - 1.0 : down;
  const Integers<kLanes> floor = __builtin_convertvector(down, Integers<kLanes>);
  const Integers<kLanes> low = held<kLanes>(floor, -2, size);
  const Floats<kLanes> share = __builtin_convertvector(coordinate - down, Floats<kLanes>);
  Places<kLanes> places;
  places.weight[1] = low == floor ? share : Floats<kLanes>{};
  places.weight[0] = 1.0F - places.weight[1];
  for (std::int32_t i = 0; i < 2; ++i) {
    const Integers<kLanes> index = low + i;
    const auto end = static_cast<std::size_t>(i);
    places.inside[end] = (index >= 0) & (index < size);
    places.index[end] = held<kLanes>(index, 0, size - 1);
  }
  return places;
}

template <std::size_t kLanes>
TENON_INLINE Floats<kLanes> gathered(const float* data, const Integers<kLanes>& index) {
  std::int32_t indices[kLanes];
  float values[kLanes];
  std::memcpy(indices, &index, sizeof indices);
  for (std::size_t i = 0; i < kLanes; ++i) values[i] = data[indices[i]];
  Floats<kLanes> result;
  std::memcpy(&result, values, sizeof result);
  return result;
}

/// The eight neighbours of each point times their weights, in the order of LinearSampler.
template <std::size_t kLanes, bool kConstant>
TENON_INLINE Floats<kLanes> mixed(const LinearVoxels& from,
                                  const std::array<Places<kLanes>, 3>& places) {
  const auto rows = static_cast<std::int32_t>(from.size[1]);
  const auto columns = static_cast<std::int32_t>(from.size[2]);
  Floats<kLanes> sum{};
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) {
    const std::array<std::size_t, 3> end{i >> 2, (i >> 1) & 1, i & 1};
    const Integers<kLanes> row = places[0].index[end[0]] * rows + places[1].index[end[1]];
    Floats<kLanes> value = gathered<kLanes>(from.data, row * columns + places[2].index[end[2]]);
    if constexpr (kConstant) {
      const Integers<kLanes> inside =
          places[0].inside[end[0]] & places[1].inside[end[1]] & places[2].inside[end[2]];
      value = inside != 0 ? value : Floats<kLanes>{} + *from.outside;
    }
    sum += places[0].weight[end[0]] * places[1].weight[end[1]] * places[2].weight[end[2]] * value;
  }
  return sum;
}

/// The parts of the coordinates that do not change within a row, and what is added behind them.
struct RowStart {
  std::array<double, 3> before{};
  std::array<double, 3> step{};
  std::array<double, 3> behind{};
};

template <std::size_t kLanes, bool kConstant>
TENON_INLINE void sample_row(const LinearVoxels& from, const RowStart& start, std::size_t count,
                             float* to) {
  Doubles<kLanes> column;
  for (std::size_t i = 0; i < kLanes; ++i) column[i] = static_cast<double>(i);
  for (std::size_t w = 0; w < count; w += kLanes, column += static_cast<double>(kLanes)) {
    std::array<Places<kLanes>, 3> places;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const Doubles<kLanes> coordinate =
          start.before[axis] + start.step[axis] * column + start.behind[axis];
      places[axis] = places_of<kLanes>(coordinate, static_cast<std::int32_t>(from.size[axis]));
    }
    const Floats<kLanes> values = mixed<kLanes, kConstant>(from, places);
    std::memcpy(to + w, &values, std::min(kLanes, count - w) * sizeof(float));
  }
}

struct Job {
  const LinearVoxels& from;
  const IndexTransform& to_old;
  Size3D size;
  float* to;
};

template <std::size_t kLanes>
TENON_INLINE void sample_rows(const Job& job) {
  const auto& matrix = job.to_old.matrix;
  float* to = job.to;
  for (std::int64_t d = 0; d < job.size[0]; ++d) {
    for (std::int64_t h = 0; h < job.size[1]; ++h, to += job.size[2]) {
      RowStart start;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        start.before[axis] = 0.0 + matrix[3 * axis] * static_cast<double>(d) +
                             matrix[3 * axis + 1] * static_cast<double>(h);
        start.step[axis] = matrix[3 * axis + 2];
        start.behind[axis] = job.to_old.offset[axis];
      }
      const auto count = static_cast<std::size_t>(job.size[2]);
      if (job.from.outside.has_value()) {
        sample_row<kLanes, true>(job.from, start, count, to);
      } else {
        sample_row<kLanes, false>(job.from, start, count, to);
      }
    }
  }
}

TENON_AVX512 void sample_avx512(const Job& job) { sample_rows<8>(job); }
TENON_AVX2 void sample_avx2(const Job& job) { sample_rows<4>(job); }

}  // namespace

bool has_linear_rows(const Size3D& size) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() / 2;
  std::int64_t left = kMost;
  for (const std::int64_t each : size) left /= each;
  return left > 0 && widest_vectors() != VectorSet::kBaseline;
}

void sample_linear_rows(const LinearVoxels& from, const IndexTransform& to_old, const Size3D& size,
                        float* to, VectorSet vectors) {
  const Job job{from, to_old, size, to};
  std::min(vectors, widest_vectors()) == VectorSet::kAvx512 ? sample_avx512(job) : sample_avx2(job);
}

}  // namespace tenon::data
