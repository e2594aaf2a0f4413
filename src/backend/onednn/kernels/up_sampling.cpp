#include "backend/onednn/kernels/up_sampling.hpp"

#include <algorithm>
#include <cmath>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// The two places of x, along one axis, that a place of y is mixed from; weights add up to 1.
struct Mix {
  std::int64_t low;
  std::int64_t high;
  float low_weight;
  float high_weight;
};

// Nearest takes floor(place / factor); bilinear looks at half-pixel centres and repeats the border.
Mix mix_at(std::int64_t place, std::int64_t factor, std::int64_t size, bool bilinear) {
  if (!bilinear) return {place / factor, place / factor, 1.0F, 0.0F};
  const float centre = (static_cast<float>(place) + 0.5F) / static_cast<float>(factor) - 0.5F;
  const float floor = std::floor(centre);
  const auto low = static_cast<std::int64_t>(floor);
  return {std::max<std::int64_t>(low, 0), std::min(low + 1, size - 1), 1.0F - (centre - floor),
          centre - floor};
}

TENON_CLONES void add_scaled(float factor, const float* x, float* y, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

// Calls visit(offset in x, offset in y, weight) for the pixels of one row of the large volume; rows
// are counted over its layers, and offsets from the volume's first pixel.
template <class Visit>
void for_row(const UpSampling& s, std::int64_t row, const Visit& visit) {
  const std::int64_t large_height = s.height * s.size[1];
  const std::int64_t large_width = s.width * s.size[2];
  const std::int64_t first_row = row / large_height / s.size[0] * s.height;
  const Mix rows = mix_at(row % large_height, s.size[1], s.height, s.bilinear);
  for (std::int64_t column = 0; column < large_width; ++column) {
    const Mix columns = mix_at(column, s.size[2], s.width, s.bilinear);
    const std::int64_t to = (row * large_width + column) * s.channels;
    const auto one = [&](std::int64_t r, std::int64_t c, float weight) {
      visit(((first_row + r) * s.width + c) * s.channels, to, weight);
    };
    one(rows.low, columns.low, rows.low_weight * columns.low_weight);
    if (!s.bilinear) continue;
    one(rows.low, columns.high, rows.low_weight * columns.high_weight);
    one(rows.high, columns.low, rows.high_weight * columns.low_weight);
    one(rows.high, columns.high, rows.high_weight * columns.high_weight);
  }
}

std::int64_t small_elements(const UpSampling& s) {
  return s.depth * s.height * s.width * s.channels;
}
std::int64_t large_rows(const UpSampling& s) { return s.depth * s.size[0] * s.height * s.size[1]; }
std::int64_t row_elements(const UpSampling& s) { return s.width * s.size[2] * s.channels; }

}  // namespace

void up_sampling_forward(const UpSampling& s, int threads, const float* x, float* y) {
  const std::int64_t rows = large_rows(s);
  const std::int64_t elements = row_elements(s);
  parallel_range(threads, s.batch * rows, std::max<std::int64_t>(1, kElementGrain / elements),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t r = begin; r < end; ++r) {
                     const float* from = x + r / rows * small_elements(s);
                     float* to = y + r / rows * rows * elements;
                     std::fill_n(y + r * elements, elements, 0.0F);
                     for_row(s, r % rows,
                             [&](std::int64_t source, std::int64_t target, float weight) {
                               add_scaled(weight, from + source, to + target, s.channels);
                             });
                   }
                 });
}

void up_sampling_backward(const UpSampling& s, int threads, const float* dy, float* dx) {
  const std::int64_t rows = large_rows(s);
  const std::int64_t small = small_elements(s);
  // A thread owns whole images, as rows of x share rows of y.
  parallel_range(threads, s.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) {
      const float* from = dy + image * rows * row_elements(s);
      float* to = dx + image * small;
      std::fill_n(to, small, 0.0F);
      for (std::int64_t row = 0; row < rows; ++row) {
        for_row(s, row, [&](std::int64_t target, std::int64_t source, float weight) {
          add_scaled(weight, from + source, to + target, s.channels);
        });
      }
    }
  });
}

}  // namespace tenon::backend::onednn
