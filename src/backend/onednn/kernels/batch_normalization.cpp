#include "backend/onednn/kernels/batch_normalization.hpp"

#include <algorithm>
#include <cmath>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Sums are cut by the shape alone, so that they do not depend on the number of threads.
constexpr int kMostParts = 32;
// Rows of few channels are taken several at a time, as one line; its factors are repeated.
constexpr std::int64_t kShortestLine = 128;
// Lines summed in float before they are added to doubles.
constexpr std::int64_t kLinesAtATime = 32;

std::int64_t rows_together(const BatchNormalization& s) {
  return std::max<std::int64_t>(1, kShortestLine / s.channels);
}
std::int64_t line_length(const BatchNormalization& s) { return rows_together(s) * s.channels; }
int part_count(const BatchNormalization& s) {
  return useful_threads(kMostParts, s.rows * s.channels, kElementGrain);
}

// Σ (x − shift) and Σ (x − shift)² of the lines.
TENON_CLONES void moment_lines(const float* x, std::int64_t lines, std::int64_t length,
                               const float* shift, float* sums, float* squares) {
  for (std::int64_t r = 0; r < lines; ++r) {
    const float* line = x + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const float moved = line[i] - shift[i];
      sums[i] += moved;
      squares[i] += moved * moved;
    }
  }
}
// Σ dy and Σ dy·(x − mean) of the lines.
TENON_CLONES void gradient_lines(const float* x, const float* dy, const float* y, float slope,
                                 std::int64_t lines, std::int64_t length, const float* mean,
                                 float* sums, float* products) {
  for (std::int64_t r = 0; r < lines; ++r) {
    const float* x_line = x + r * length;
    const float* dy_line = dy + r * length;
    if (y != nullptr) {
      const float* y_line = y + r * length;
#pragma omp simd
      for (std::int64_t i = 0; i < length; ++i) {
        const float gradient = y_line[i] > 0.0F ? dy_line[i] : dy_line[i] * slope;
        sums[i] += gradient;
        products[i] += gradient * (x_line[i] - mean[i]);
      }
    } else {
#pragma omp simd
      for (std::int64_t i = 0; i < length; ++i) {
        sums[i] += dy_line[i];
        products[i] += dy_line[i] * (x_line[i] - mean[i]);
      }
    }
  }
}
TENON_CLONES void normalize_lines(const float* x, std::int64_t lines, std::int64_t length,
                                  const float* mean, const float* scale, const float* offset,
                                  float slope, float* y) {
  for (std::int64_t r = 0; r < lines; ++r) {
    const float* from = x + r * length;
    float* to = y + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const float value = (from[i] - mean[i]) * scale[i] + offset[i];
      to[i] = value > 0.0F ? value : value * slope;
    }
  }
}
// dx = scale·dy + x_factor·(x − mean) + constant
TENON_CLONES void input_gradient_lines(const float* x, const float* dy, const float* y, float slope,
                                       std::int64_t lines, std::int64_t length, const float* mean,
                                       const float* scale, const float* x_factor,
                                       const float* constant, float* dx) {
  for (std::int64_t r = 0; r < lines; ++r) {
    const float* x_line = x + r * length;
    const float* dy_line = dy + r * length;
    const float* mask = (y != nullptr ? y : dy) + r * length;
    const float below = y != nullptr ? slope : 1.0F;
    float* to = dx + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const float gradient = mask[i] > 0.0F ? dy_line[i] : dy_line[i] * below;
      to[i] = scale[i] * gradient + x_factor[i] * (x_line[i] - mean[i]) + constant[i];
    }
  }
}

void widen(const float* x, double* sums, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) sums[i] += static_cast<double>(x[i]);
}

// Repeats `channels` values to a line.
void repeat(const BatchNormalization& s, const float* values, float* line) {
  for (std::int64_t k = 0; k < rows_together(s); ++k) {
    std::copy_n(values, s.channels, line + k * s.channels);
  }
}

// The scratch memory: per part two rows of doubles and two lines; then lines that all parts read.
struct Scratch {
  double* sums;   // (parts, 2, channels)
  float* lines;   // (parts, 2, length)
  float* shared;  // (4, length)
};
Scratch scratch_of(const BatchNormalization& s, std::byte* memory) {
  Scratch scratch{};
  scratch.sums = reinterpret_cast<double*>(memory);
  scratch.lines = reinterpret_cast<float*>(scratch.sums + 2 * part_count(s) * s.channels);
  scratch.shared = scratch.lines + 2 * part_count(s) * line_length(s);
  return scratch;
}

// Calls accumulate(first row, lines, length of a line, line sums 1, line sums 2) for stretches of
// the rows and adds what it leaves in the sums to totals[channel], totals[channels + channel].
template <class Accumulate>
void sum_channels(const BatchNormalization& s, int threads, const Scratch& scratch, double* totals,
                  const Accumulate& accumulate) {
  const int parts = part_count(s);
  const std::int64_t together = rows_together(s);
  const std::int64_t length = line_length(s);
  const auto flush = [&](double* own, float* line, std::int64_t rows) {
    for (std::int64_t k = 0; k < rows; ++k) widen(line + k * s.channels, own, s.channels);
    std::fill_n(line, length, 0.0F);
  };
  parallel_range(std::min(threads, parts), parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      double* own = scratch.sums + part * 2 * s.channels;
      float* first = scratch.lines + part * 2 * length;
      float* second = first + length;
      std::fill_n(own, 2 * s.channels, 0.0);
      std::fill_n(first, 2 * length, 0.0F);
      const Range rows = part_of(s.rows, parts, static_cast<int>(part), together);
      for (std::int64_t row = rows.begin; row < rows.end; row += kLinesAtATime * together) {
        const std::int64_t count = std::min(kLinesAtATime * together, rows.end - row);
        const std::int64_t rest = count % together;
        accumulate(row, count / together, length, first, second);
        if (rest != 0) accumulate(row + count - rest, 1, rest * s.channels, first, second);
        flush(own, first, together);
        flush(own + s.channels, second, together);
      }
    }
  });
  std::fill_n(totals, 2 * s.channels, 0.0);
  for (int part = 0; part < parts; ++part) {
    for (std::int64_t i = 0; i < 2 * s.channels; ++i)
      totals[i] += scratch.sums[part * 2 * s.channels + i];
  }
}

// Calls work(first row, lines, length of a line) on all rows, in parallel.
template <class Work>
void for_lines(const BatchNormalization& s, int threads, const Work& work) {
  const std::int64_t together = rows_together(s);
  parallel_range(
      threads, s.rows, std::max<std::int64_t>(1, kElementGrain / s.channels),
      [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t lines = (end - begin) / together;
        const std::int64_t rest = (end - begin) % together;
        work(begin, lines, line_length(s));
        if (rest != 0) work(end - rest, std::int64_t{1}, rest * s.channels);
      },
      together);
}

// The mean of a few rows. Sums of squares around it lose no digits, in one pass over x.
void guess_mean(const BatchNormalization& s, const float* x, float* mean) {
  const std::int64_t count = std::min<std::int64_t>(s.rows, 64);
  std::fill_n(mean, s.channels, 0.0F);
  for (std::int64_t k = 0; k < count; ++k) {
    const float* row = x + s.rows * k / count * s.channels;
    for (std::int64_t c = 0; c < s.channels; ++c) mean[c] += row[c];
  }
  for (std::int64_t c = 0; c < s.channels; ++c) mean[c] /= static_cast<float>(count);
}

float inverse_deviation(const BatchNormalization& s, float variance) {
  return 1.0F / std::sqrt(variance + static_cast<float>(s.epsilon));
}

}  // namespace

std::size_t batch_normalization_scratch(const BatchNormalization& s) {
  const auto parts = static_cast<std::size_t>(part_count(s));
  const auto channels = static_cast<std::size_t>(s.channels);
  const auto length = static_cast<std::size_t>(line_length(s));
  return (2 * parts + 2) * channels * sizeof(double) + (2 * parts + 4) * length * sizeof(float);
}

void batch_statistics(const BatchNormalization& s, int threads, const float* x, float* mean,
                      float* variance, std::byte* memory) {
  const Scratch scratch = scratch_of(s, memory);
  float* shift = scratch.shared;
  auto* totals = reinterpret_cast<double*>(scratch.shared + 4 * line_length(s));
  guess_mean(s, x, shift);
  repeat(s, shift, shift);
  sum_channels(
      s, threads, scratch, totals,
      [&](std::int64_t row, std::int64_t lines, std::int64_t length, float* sums, float* squares) {
        moment_lines(x + row * s.channels, lines, length, shift, sums, squares);
      });
  const auto rows = static_cast<double>(s.rows);
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const double moved = totals[c] / rows;
    mean[c] = static_cast<float>(static_cast<double>(shift[c]) + moved);
    const double square = totals[s.channels + c] / rows;
    variance[c] = static_cast<float>(std::max(0.0, square - moved * moved));
  }
}

void normalize(const BatchNormalization& s, int threads, const float* x, const float* gamma,
               const float* beta, const float* mean, const float* variance, float* y,
               std::byte* memory) {
  const Scratch scratch = scratch_of(s, memory);
  const std::int64_t length = line_length(s);
  float* line_mean = scratch.shared;
  float* scale = line_mean + length;
  float* offset = scale + length;
  for (std::int64_t c = 0; c < s.channels; ++c) {
    scale[c] = (gamma != nullptr ? gamma[c] : 1.0F) * inverse_deviation(s, variance[c]);
    offset[c] = beta != nullptr ? beta[c] : 0.0F;
  }
  repeat(s, mean, line_mean);
  repeat(s, scale, scale);
  repeat(s, offset, offset);
  const float slope = s.rectify ? s.slope : 1.0F;
  for_lines(s, threads, [&](std::int64_t row, std::int64_t lines, std::int64_t count) {
    normalize_lines(x + row * s.channels, lines, count, line_mean, scale, offset, slope,
                    y + row * s.channels);
  });
}

void batch_normalization_backward(const BatchNormalization& s, int threads, bool training,
                                  const NormalizationGradient& g, std::byte* memory) {
  const Scratch scratch = scratch_of(s, memory);
  const std::int64_t length = line_length(s);
  float* line_mean = scratch.shared;
  float* scale = line_mean + length;
  float* x_factor = scale + length;
  float* constant = x_factor + length;
  auto* totals = reinterpret_cast<double*>(constant + length);
  const auto at = [&](const float* data, std::int64_t row) {
    return data != nullptr ? data + row * s.channels : nullptr;
  };
  const float* mask = s.rectify ? g.y : nullptr;
  repeat(s, g.mean, line_mean);
  std::fill_n(totals, 2 * s.channels, 0.0);
  if (training || g.dgamma != nullptr || g.dbeta != nullptr) {
    sum_channels(s, threads, scratch, totals,
                 [&](std::int64_t row, std::int64_t lines, std::int64_t count, float* sums,
                     float* products) {
                   gradient_lines(at(g.x, row), at(g.dy, row), at(mask, row), s.slope, lines, count,
                                  line_mean, sums, products);
                 });
  }
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const float inverse = inverse_deviation(s, g.variance[c]);
    const double product = totals[s.channels + c] * static_cast<double>(inverse);
    if (g.dgamma != nullptr) g.dgamma[c] = static_cast<float>(product);
    if (g.dbeta != nullptr) g.dbeta[c] = static_cast<float>(totals[c]);
    scale[c] = (g.gamma != nullptr ? g.gamma[c] : 1.0F) * inverse;
    const auto rows = static_cast<double>(s.rows);
    x_factor[c] = training ? -scale[c] * inverse * static_cast<float>(product / rows) : 0.0F;
    constant[c] = training ? -scale[c] * static_cast<float>(totals[c] / rows) : 0.0F;
  }
  if (g.dx == nullptr) return;
  repeat(s, scale, scale);
  repeat(s, x_factor, x_factor);
  repeat(s, constant, constant);
  for_lines(s, threads, [&](std::int64_t row, std::int64_t lines, std::int64_t count) {
    input_gradient_lines(at(g.x, row), at(g.dy, row), at(mask, row), s.slope, lines, count,
                         line_mean, scale, x_factor, constant, g.dx + row * s.channels);
  });
}

}  // namespace tenon::backend::onednn
