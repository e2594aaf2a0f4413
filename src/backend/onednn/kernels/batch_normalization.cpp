#include "backend/onednn/kernels/batch_normalization.hpp"

#include <algorithm>
#include <cmath>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/bfloat16.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Sums are cut by the shape alone, so that they do not depend on the number of threads.
constexpr int kMostParts = 32;
// Short rows are taken several at a time, as one line; its factors are repeated.
constexpr std::int64_t kShortestLine = 128;
// Lines summed in float before they are added to doubles.
constexpr std::int64_t kLinesAtATime = 32;

std::int64_t rows_together(const BatchNormalization& s) {
  return std::max<std::int64_t>(1, kShortestLine / s.width);
}
std::int64_t line_length(const BatchNormalization& s) { return rows_together(s) * s.width; }
int part_count(const BatchNormalization& s) {
  return useful_threads(kMostParts, s.all_rows() * s.channels(), kElementGrain);
}

// Per channel of a line.
struct Factors {
  const float* mean;
  const float* scale;     // gamma / deviation
  const float* offset;    // beta
  const float* x_factor;  // of the input's gradient
  const float* constant;
};

// y before its relu: the forward and the backward kernels must agree on its sign.
inline __attribute__((always_inline)) float normalized(float x, float mean, float scale,
                                                       float offset) {
  return (x - mean) * scale + offset;
}

// The loops over lines take x, dy, dx and y as floats (T = float) or as the bits of bfloat16
// numbers.

// Σ (x − shift) and Σ (x − shift)² of the lines.
template <class T>
TENON_ALWAYS_INLINE void moment_lines_of(const T* x, std::int64_t lines, std::int64_t length,
                                         const float* shift, float* sums, float* squares) {
  for (std::int64_t r = 0; r < lines; ++r) {
    const T* line = x + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const float moved = widened(line[i]) - shift[i];
      sums[i] += moved;
      squares[i] += moved * moved;
    }
  }
}
// Σ dy and Σ dy·(x − mean) of the lines.
template <class T>
TENON_ALWAYS_INLINE void gradient_lines_of(const T* x, const T* dy, std::int64_t lines,
                                           std::int64_t length, const Factors& f, float* sums,
                                           float* products) {
  const float* mean = f.mean;
  for (std::int64_t r = 0; r < lines; ++r) {
    const T* x_line = x + r * length;
    const T* dy_line = dy + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      sums[i] += widened(dy_line[i]);
      products[i] += widened(dy_line[i]) * (widened(x_line[i]) - mean[i]);
    }
  }
}
template <class T>
TENON_ALWAYS_INLINE void rectified_gradient_lines_of(const T* x, const T* dy, float slope,
                                                     std::int64_t lines, std::int64_t length,
                                                     const Factors& f, float* sums,
                                                     float* products) {
  const float* mean = f.mean;
  const float* scale = f.scale;
  const float* offset = f.offset;
  for (std::int64_t r = 0; r < lines; ++r) {
    const T* x_line = x + r * length;
    const T* dy_line = dy + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const bool above = normalized(widened(x_line[i]), mean[i], scale[i], offset[i]) > 0.0F;
      const float gradient = above ? widened(dy_line[i]) : widened(dy_line[i]) * slope;
      sums[i] += gradient;
      products[i] += gradient * (widened(x_line[i]) - mean[i]);
    }
  }
}
template <class T>
TENON_ALWAYS_INLINE void normalize_lines_of(const T* x, std::int64_t lines, std::int64_t length,
                                            const Factors& f, float slope, T* y) {
  const float* mean = f.mean;
  const float* scale = f.scale;
  const float* offset = f.offset;
  for (std::int64_t r = 0; r < lines; ++r) {
    const T* from = x + r * length;
    T* to = y + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const float value = normalized(widened(from[i]), mean[i], scale[i], offset[i]);
      put(value > 0.0F ? value : value * slope, to[i]);
    }
  }
}
// dx = scale·dy + x_factor·(x − mean) + constant
template <class T>
TENON_ALWAYS_INLINE void input_gradient_lines_of(const T* x, const T* dy, std::int64_t lines,
                                                 std::int64_t length, const Factors& f, T* dx) {
  const float* mean = f.mean;
  const float* scale = f.scale;
  const float* x_factor = f.x_factor;
  const float* constant = f.constant;
  for (std::int64_t r = 0; r < lines; ++r) {
    const T* x_line = x + r * length;
    const T* dy_line = dy + r * length;
    T* to = dx + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      put(scale[i] * widened(dy_line[i]) + x_factor[i] * (widened(x_line[i]) - mean[i]) +
              constant[i],
          to[i]);
    }
  }
}
template <class T>
TENON_ALWAYS_INLINE void rectified_input_gradient_lines_of(const T* x, const T* dy, float slope,
                                                           std::int64_t lines, std::int64_t length,
                                                           const Factors& f, T* dx) {
  const float* mean = f.mean;
  const float* scale = f.scale;
  const float* offset = f.offset;
  const float* x_factor = f.x_factor;
  const float* constant = f.constant;
  for (std::int64_t r = 0; r < lines; ++r) {
    const T* x_line = x + r * length;
    const T* dy_line = dy + r * length;
    T* to = dx + r * length;
#pragma omp simd
    for (std::int64_t i = 0; i < length; ++i) {
      const bool above = normalized(widened(x_line[i]), mean[i], scale[i], offset[i]) > 0.0F;
      const float gradient = above ? widened(dy_line[i]) : widened(dy_line[i]) * slope;
      put(scale[i] * gradient + x_factor[i] * (widened(x_line[i]) - mean[i]) + constant[i], to[i]);
    }
  }
}

TENON_CLONES void moment_lines(const float* x, std::int64_t lines, std::int64_t length,
                               const float* shift, float* sums, float* squares) {
  moment_lines_of(x, lines, length, shift, sums, squares);
}
TENON_CLONES void moment_lines(const Bits* x, std::int64_t lines, std::int64_t length,
                               const float* shift, float* sums, float* squares) {
  moment_lines_of(x, lines, length, shift, sums, squares);
}
TENON_CLONES void gradient_lines(const float* x, const float* dy, std::int64_t lines,
                                 std::int64_t length, const Factors& f, float* sums,
                                 float* products) {
  gradient_lines_of(x, dy, lines, length, f, sums, products);
}
TENON_CLONES void gradient_lines(const Bits* x, const Bits* dy, std::int64_t lines,
                                 std::int64_t length, const Factors& f, float* sums,
                                 float* products) {
  gradient_lines_of(x, dy, lines, length, f, sums, products);
}
TENON_CLONES void rectified_gradient_lines(const float* x, const float* dy, float slope,
                                           std::int64_t lines, std::int64_t length,
                                           const Factors& f, float* sums, float* products) {
  rectified_gradient_lines_of(x, dy, slope, lines, length, f, sums, products);
}
TENON_CLONES void rectified_gradient_lines(const Bits* x, const Bits* dy, float slope,
                                           std::int64_t lines, std::int64_t length,
                                           const Factors& f, float* sums, float* products) {
  rectified_gradient_lines_of(x, dy, slope, lines, length, f, sums, products);
}
TENON_CLONES void normalize_lines(const float* x, std::int64_t lines, std::int64_t length,
                                  const Factors& f, float slope, float* y) {
  normalize_lines_of(x, lines, length, f, slope, y);
}
TENON_CLONES void normalize_lines(const Bits* x, std::int64_t lines, std::int64_t length,
                                  const Factors& f, float slope, Bits* y) {
  normalize_lines_of(x, lines, length, f, slope, y);
}
TENON_CLONES void input_gradient_lines(const float* x, const float* dy, std::int64_t lines,
                                       std::int64_t length, const Factors& f, float* dx) {
  input_gradient_lines_of(x, dy, lines, length, f, dx);
}
TENON_CLONES void input_gradient_lines(const Bits* x, const Bits* dy, std::int64_t lines,
                                       std::int64_t length, const Factors& f, Bits* dx) {
  input_gradient_lines_of(x, dy, lines, length, f, dx);
}
TENON_CLONES void rectified_input_gradient_lines(const float* x, const float* dy, float slope,
                                                 std::int64_t lines, std::int64_t length,
                                                 const Factors& f, float* dx) {
  rectified_input_gradient_lines_of(x, dy, slope, lines, length, f, dx);
}
TENON_CLONES void rectified_input_gradient_lines(const Bits* x, const Bits* dy, float slope,
                                                 std::int64_t lines, std::int64_t length,
                                                 const Factors& f, Bits* dx) {
  rectified_input_gradient_lines_of(x, dy, slope, lines, length, f, dx);
}

void add_up(const float* x, double* sums, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) sums[i] += static_cast<double>(x[i]);
}

// Lines of factors, one behind the other per block: (blocks, line_length).
struct FactorLines {
  float* mean;
  float* scale;
  float* offset;
  float* x_factor;
  float* constant;

  Factors of_block(const BatchNormalization& s, std::int64_t block) const {
    const std::int64_t at = block * line_length(s);
    return {mean + at, scale + at, offset + at, x_factor + at, constant + at};
  }
};

// The scratch memory: totals and, per part, two rows of doubles; two lines per part; the factors.
struct Scratch {
  double* totals;  // (2, channels)
  double* sums;    // (parts, 2, channels)
  float* lines;    // (parts, 2, line)
  FactorLines factors;
  float* first;   // (channels)
  float* second;  // (channels)
};
constexpr std::int64_t kFactors = 5;

Scratch scratch_of(const BatchNormalization& s, std::byte* memory) {
  const std::int64_t parts = part_count(s);
  const std::int64_t length = s.blocks * line_length(s);
  Scratch scratch{};
  scratch.totals = reinterpret_cast<double*>(memory);
  scratch.sums = scratch.totals + 2 * s.channels();
  scratch.lines = reinterpret_cast<float*>(scratch.sums + 2 * parts * s.channels());
  float* shared = scratch.lines + 2 * parts * line_length(s);
  scratch.factors = {shared, shared + length, shared + 2 * length, shared + 3 * length,
                     shared + 4 * length};
  scratch.first = shared + kFactors * length;
  scratch.second = scratch.first + s.channels();
  return scratch;
}

// A value per channel to every place of the factors' lines that stands for the channel.
void fill_lines(const BatchNormalization& s, float* lines, const float* values) {
  for (std::int64_t b = 0; b < s.blocks; ++b) {
    float* line = lines + b * line_length(s);
    for (std::int64_t w = 0; w < s.width; ++w) line[w] = values[b * s.width + w];
    for (std::int64_t k = 1; k < rows_together(s); ++k)
      std::copy_n(line, s.width, line + k * s.width);
  }
}

// Calls work(offset of the first row, rows) for the stretches of memory that rows [range) of all
// images have in `block`.
template <class Work>
void for_stretches(const BatchNormalization& s, Range range, std::int64_t block, const Work& work) {
  for (std::int64_t row = range.begin; row < range.end;) {
    const std::int64_t image = row / s.rows;
    const std::int64_t first = row % s.rows;
    const std::int64_t count = std::min(range.end - row, s.rows - first);
    work(((image * s.blocks + block) * s.rows + first) * s.width, count);
    row += count;
  }
}

// Calls work(offset, lines, length of a line) for `rows` rows from `offset` on.
template <class Work>
void as_lines(const BatchNormalization& s, std::int64_t offset, std::int64_t rows,
              const Work& work) {
  const std::int64_t lines = rows / rows_together(s);
  const std::int64_t rest = rows % rows_together(s);
  if (lines != 0) work(offset, lines, line_length(s));
  if (rest != 0) work(offset + lines * line_length(s), std::int64_t{1}, rest * s.width);
}

// The sums of one block over a part's rows: in float over a few lines, then in double.
class BlockSums {
 public:
  BlockSums(const BatchNormalization& s, float* lines, double* first, double* second)
      : s_(s), lines_(lines), first_(first), second_(second) {
    std::fill_n(lines_, 2 * line_length(s_), 0.0F);
  }
  template <class Accumulate>
  void add(std::int64_t offset, std::int64_t rows, const Accumulate& accumulate) {
    const std::int64_t most = kLinesAtATime * rows_together(s_);
    while (rows != 0) {
      const std::int64_t count = std::min(rows, most - waiting_);
      as_lines(s_, offset, count, [&](std::int64_t at, std::int64_t lines, std::int64_t length) {
        accumulate(at, lines, length, lines_, lines_ + line_length(s_));
      });
      offset += count * s_.width;
      rows -= count;
      waiting_ += count;
      if (waiting_ == most) flush();
    }
  }
  void flush() {
    const std::int64_t length = line_length(s_);
    for (std::int64_t k = 0; k < rows_together(s_); ++k) {
      add_up(lines_ + k * s_.width, first_, s_.width);
      add_up(lines_ + length + k * s_.width, second_, s_.width);
    }
    std::fill_n(lines_, 2 * length, 0.0F);
    waiting_ = 0;
  }

 private:
  const BatchNormalization& s_;
  float* lines_;
  double* first_;
  double* second_;
  std::int64_t waiting_ = 0;
};

// Calls accumulate(block, offset, lines, length of a line, line sums 1, line sums 2) for all of x
// and puts the two sums per channel into scratch.totals.
template <class Accumulate>
void sum_channels(const BatchNormalization& s, int threads, const Scratch& scratch,
                  const Accumulate& accumulate) {
  const int parts = part_count(s);
  const std::int64_t channels = s.channels();
  parallel_range(std::min(threads, parts), parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      double* own = scratch.sums + part * 2 * channels;
      std::fill_n(own, 2 * channels, 0.0);
      const Range rows = part_of(s.all_rows(), parts, static_cast<int>(part), rows_together(s));
      for (std::int64_t b = 0; b < s.blocks; ++b) {
        BlockSums sums(s, scratch.lines + part * 2 * line_length(s), own + b * s.width,
                       own + channels + b * s.width);
        for_stretches(s, rows, b, [&](std::int64_t offset, std::int64_t count) {
          sums.add(offset, count,
                   [&](std::int64_t at, std::int64_t lines, std::int64_t length, float* first,
                       float* second) { accumulate(b, at, lines, length, first, second); });
        });
        sums.flush();
      }
    }
  });
  std::fill_n(scratch.totals, 2 * channels, 0.0);
  for (int part = 0; part < parts; ++part) {
    for (std::int64_t i = 0; i < 2 * channels; ++i)
      scratch.totals[i] += scratch.sums[part * 2 * channels + i];
  }
}

// Calls work(block, offset, lines, length of a line) on all of x, in parallel.
template <class Work>
void for_lines(const BatchNormalization& s, int threads, const Work& work) {
  parallel_range(
      threads, s.all_rows(), std::max<std::int64_t>(1, kElementGrain / s.channels()),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end;) {
          const std::int64_t count = std::min(end - row, s.rows - row % s.rows);
          for (std::int64_t b = 0; b < s.blocks; ++b) {
            for_stretches(s, {row, row + count}, b, [&](std::int64_t offset, std::int64_t rows) {
              as_lines(s, offset, rows,
                       [&](std::int64_t at, std::int64_t lines, std::int64_t length) {
                         work(b, at, lines, length);
                       });
            });
          }
          row += count;
        }
      },
      rows_together(s));
}

// The mean of a few rows. Sums of squares around it lose no digits, in one pass over x.
template <class T>
void guess_mean(const BatchNormalization& s, const T* x, float* mean) {
  const std::int64_t count = std::min<std::int64_t>(s.all_rows(), 64);
  std::fill_n(mean, s.channels(), 0.0F);
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int64_t row = s.all_rows() * k / count;
    for (std::int64_t b = 0; b < s.blocks; ++b) {
      for_stretches(s, {row, row + 1}, b, [&](std::int64_t offset, std::int64_t) {
        for (std::int64_t w = 0; w < s.width; ++w) mean[b * s.width + w] += widened(x[offset + w]);
      });
    }
  }
  for (std::int64_t c = 0; c < s.channels(); ++c) mean[c] /= static_cast<float>(count);
}

float inverse_deviation(const BatchNormalization& s, float variance) {
  return 1.0F / std::sqrt(variance + static_cast<float>(s.epsilon));
}

void fill_factors(const BatchNormalization& s, const Scratch& scratch, const float* gamma,
                  const float* beta, const float* mean, const float* variance) {
  normalization_factors(s, gamma, beta, variance, scratch.first, scratch.second);
  fill_lines(s, scratch.factors.mean, mean);
  fill_lines(s, scratch.factors.scale, scratch.first);
  fill_lines(s, scratch.factors.offset, scratch.second);
}

template <class T>
void sum_gradients(const BatchNormalization& s, int threads, const Scratch& scratch, const T* x,
                   const T* dy) {
  sum_channels(s, threads, scratch,
               [&](std::int64_t block, std::int64_t at, std::int64_t lines, std::int64_t length,
                   float* sums, float* products) {
                 const Factors factors = scratch.factors.of_block(s, block);
                 if (s.rectify) {
                   rectified_gradient_lines(x + at, dy + at, s.slope, lines, length, factors, sums,
                                            products);
                 } else {
                   gradient_lines(x + at, dy + at, lines, length, factors, sums, products);
                 }
               });
}

// From Σ (x − mean) and Σ (x − mean)², `mean` being the guess, to what all ranks have.
void shared_statistics(const BatchNormalization& s, const Scratch& scratch, float* mean,
                       float* variance, const MeetingPlace& meeting) {
  const auto channels = static_cast<std::size_t>(s.channels());
  RankSums sums{static_cast<double>(s.all_rows()), {scratch.totals, 2 * channels}};
  for (std::size_t c = 0; c < channels; ++c) {
    const double moved = sums.values[c] / sums.rows;
    sums.values[c] = static_cast<double>(mean[c]) + moved;
    double& squares = sums.values[channels + c];
    squares = std::max(0.0, squares - sums.rows * moved * moved);
  }
  combine_moments(*meeting.ranks, meeting.name, sums);
  for (std::size_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<float>(sums.values[c]);
    variance[c] = static_cast<float>(sums.values[channels + c] / sums.rows);
  }
}

template <class T>
void statistics_of(const BatchNormalization& s, int threads, const T* x, float* mean,
                   float* variance, std::byte* memory, const MeetingPlace& meeting) {
  const Scratch scratch = scratch_of(s, memory);
  guess_mean(s, x, mean);
  fill_lines(s, scratch.factors.mean, mean);
  sum_channels(s, threads, scratch,
               [&](std::int64_t block, std::int64_t at, std::int64_t lines, std::int64_t length,
                   float* sums, float* squares) {
                 moment_lines(x + at, lines, length, scratch.factors.of_block(s, block).mean, sums,
                              squares);
               });
  if (meeting.ranks != nullptr) return shared_statistics(s, scratch, mean, variance, meeting);
  const auto rows = static_cast<double>(s.all_rows());
  for (std::int64_t c = 0; c < s.channels(); ++c) {
    const double moved = scratch.totals[c] / rows;
    mean[c] = static_cast<float>(static_cast<double>(mean[c]) + moved);
    const double square = scratch.totals[s.channels() + c] / rows;
    variance[c] = static_cast<float>(std::max(0.0, square - moved * moved));
  }
}

template <class T>
void normalize_all(const BatchNormalization& s, int threads, const T* x, const Scratch& scratch,
                   T* y) {
  const float slope = s.rectify ? s.slope : 1.0F;
  for_lines(s, threads,
            [&](std::int64_t block, std::int64_t at, std::int64_t lines, std::int64_t length) {
              normalize_lines(x + at, lines, length, scratch.factors.of_block(s, block), slope,
                              y + at);
            });
}

template <class T>
void backward_of(const BatchNormalization& s, int threads, bool training,
                 const NormalizationGradient& g, const Scratch& scratch, const T* x, const T* dy,
                 T* dx, const MeetingPlace& meeting) {
  std::fill_n(scratch.totals, 2 * s.channels(), 0.0);
  if (training || g.dgamma != nullptr || g.dbeta != nullptr) {
    sum_gradients(s, threads, scratch, x, dy);
  }
  gradient_factors(s, training, g, scratch.totals, scratch.first, scratch.second, meeting);
  if (dx == nullptr) return;
  fill_lines(s, scratch.factors.x_factor, scratch.first);
  fill_lines(s, scratch.factors.constant, scratch.second);
  for_lines(s, threads,
            [&](std::int64_t block, std::int64_t at, std::int64_t lines, std::int64_t length) {
              const Factors factors = scratch.factors.of_block(s, block);
              if (s.rectify) {
                rectified_input_gradient_lines(x + at, dy + at, s.slope, lines, length, factors,
                                               dx + at);
              } else {
                input_gradient_lines(x + at, dy + at, lines, length, factors, dx + at);
              }
            });
}

}  // namespace

std::size_t batch_normalization_scratch(const BatchNormalization& s) {
  const auto parts = static_cast<std::size_t>(part_count(s));
  const auto channels = static_cast<std::size_t>(s.channels());
  const auto length = static_cast<std::size_t>(line_length(s));
  const auto blocks = static_cast<std::size_t>(s.blocks);
  return (2 * parts + 2) * channels * sizeof(double) +
         ((2 * parts + kFactors * blocks) * length + 2 * channels) * sizeof(float);
}

void normalization_factors(const BatchNormalization& s, const float* gamma, const float* beta,
                           const float* variance, float* scale, float* offset) {
  for (std::int64_t c = 0; c < s.channels(); ++c) {
    scale[c] = (gamma != nullptr ? gamma[c] : 1.0F) * inverse_deviation(s, variance[c]);
    offset[c] = beta != nullptr ? beta[c] : 0.0F;
  }
}

void gradient_factors(const BatchNormalization& s, bool training, const NormalizationGradient& g,
                      double* totals, float* x_factor, float* constant,
                      const MeetingPlace& meeting) {
  const double* products = totals + s.channels();
  for (std::int64_t c = 0; c < s.channels(); ++c) {
    const auto inverse = static_cast<double>(inverse_deviation(s, g.variance[c]));
    if (g.dgamma != nullptr) g.dgamma[c] = static_cast<float>(products[c] * inverse);
    if (g.dbeta != nullptr) g.dbeta[c] = static_cast<float>(totals[c]);
  }
  RankSums sums{static_cast<double>(s.all_rows()),
                {totals, 2 * static_cast<std::size_t>(s.channels())}};
  if (training && meeting.ranks != nullptr) {
    combine_gradients(*meeting.ranks, meeting.name, sums);
  }
  const double rows = sums.rows;
  for (std::int64_t c = 0; c < s.channels(); ++c) {
    const float inverse = inverse_deviation(s, g.variance[c]);
    const double product = products[c] * static_cast<double>(inverse);
    const float scale = (g.gamma != nullptr ? g.gamma[c] : 1.0F) * inverse;
    x_factor[c] = training ? -scale * inverse * static_cast<float>(product / rows) : 0.0F;
    constant[c] = training ? -scale * static_cast<float>(totals[c] / rows) : 0.0F;
  }
}

void batch_statistics(const BatchNormalization& s, int threads, Numbers x, float* mean,
                      float* variance, std::byte* memory, const MeetingPlace& meeting) {
  if (x.narrow != nullptr)
    return statistics_of(s, threads, x.narrow, mean, variance, memory, meeting);
  statistics_of(s, threads, x.wide, mean, variance, memory, meeting);
}

void normalize(const BatchNormalization& s, int threads, Numbers x, const float* gamma,
               const float* beta, const float* mean, const float* variance, MutableNumbers y,
               std::byte* memory) {
  const Scratch scratch = scratch_of(s, memory);
  fill_factors(s, scratch, gamma, beta, mean, variance);
  if (x.narrow != nullptr) return normalize_all(s, threads, x.narrow, scratch, y.narrow);
  normalize_all(s, threads, x.wide, scratch, y.wide);
}

void batch_normalization_backward(const BatchNormalization& s, int threads, bool training,
                                  const NormalizationGradient& g, std::byte* memory,
                                  const MeetingPlace& meeting) {
  const Scratch scratch = scratch_of(s, memory);
  fill_factors(s, scratch, g.gamma, g.beta, g.mean, g.variance);
  if (g.x.narrow != nullptr) {
    return backward_of(s, threads, training, g, scratch, g.x.narrow, g.dy.narrow, g.dx.narrow,
                       meeting);
  }
  backward_of(s, threads, training, g, scratch, g.x.wide, g.dy.wide, g.dx.wide, meeting);
}

}  // namespace tenon::backend::onednn
