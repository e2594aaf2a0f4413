#include "backend/onednn/kernels/normalized_pooling.hpp"

#include <algorithm>
#include <array>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/normalized_pooling_rows.hpp"
#include "backend/onednn/parallel.hpp"

// Measured beside normalisation, relu and oneDNN's pooling apart, on (32, 64, 64, 32) floats, 2
// threads: see docs/engine.md.
namespace tenon::backend::onednn {
namespace {

constexpr int kMostParts = 32;
// The gradient of pixels that no window has: what the statistics make of them.
TENON_CLONES void uncovered_pixels(const float* x, const PoolingFactors& f, std::int64_t pixels,
                                   std::int64_t channels, float* dx) {
  for (std::int64_t p = 0; p < pixels; ++p) {
#pragma omp simd
    for (std::int64_t i = 0; i < channels; ++i) {
      dx[i] = f.x_factor[i] * (x[i] - f.mean[i]) + f.constant[i];
    }
    x += channels;
    dx += channels;
  }
}

PoolingFactors from(const PoolingFactors& f, std::int64_t channel) {
  return {f.mean + channel, f.scale + channel, f.offset + channel, f.x_factor + channel,
          f.constant + channel};
}

// Where things are. A "row" is one row of windows of all channels of a block of one image.
class Places {
 public:
  explicit Places(const NormalizedPooling& s) : s_(s), channels_(s.normalization.width) {
    std::size_t t = 0;
    for (std::int64_t d = 0; d < s.window_depth; ++d) {
      for (std::int64_t h = 0; h < s.window_height; ++h) {
        for (std::int64_t w = 0; w < s.window_width; ++w) {
          offsets_[t++] = ((d * s.height + h) * s.width + w) * channels_;
        }
      }
    }
  }
  std::int64_t rows() const {
    return s_.batch * s_.normalization.blocks * s_.out_depth() * s_.out_height();
  }
  std::int64_t block(std::int64_t row) const {
    return row / (s_.out_depth() * s_.out_height()) % s_.normalization.blocks;
  }
  std::int64_t x_offset(std::int64_t row) const {
    const std::int64_t per_slab = s_.out_depth() * s_.out_height();
    const std::int64_t at = row % per_slab;
    const std::int64_t d = at / s_.out_height() * s_.window_depth;
    const std::int64_t h = at % s_.out_height() * s_.window_height;
    return (((row / per_slab * s_.depth + d) * s_.height + h) * s_.width) * channels_;
  }
  std::int64_t y_offset(std::int64_t row) const { return row * s_.out_width() * channels_; }

  /// Calls work(inner loops, row of some channels, where they are in y, the first of them) until
  /// all channels are done.
  template <class Work>
  void for_channels(std::int64_t r, const float* x, const PoolingFactors& all,
                    const Work& work) const {
    PoolingRow row;
    row.windows = s_.out_width();
    row.window_step = s_.window_width * channels_;
    row.pixel_step = channels_;
    row.offsets = offsets_.data();
    row.taps = static_cast<int>(s_.taps());
    row.slope = s_.normalization.rectify ? s_.normalization.slope : 1.0F;
    const std::int64_t block = this->block(r) * channels_;
    for (std::int64_t c = 0; c < channels_;) {
      const PoolingRows& loops = c + many_.channels <= channels_ ? many_ : single_;
      row.x = x + x_offset(r) + c;
      row.factors = from(all, block + c);
      work(loops, row, y_offset(r) + c, block + c);
      c += loops.channels;
    }
  }

 private:
  const NormalizedPooling& s_;
  std::int64_t channels_;
  PoolingRows many_ = vector_pooling_rows();
  PoolingRows single_ = single_pooling_rows();
  std::array<std::int64_t, kMostPoolingTaps> offsets_{};
};

int part_count(const NormalizedPooling& s) {
  const BatchNormalization& n = s.normalization;
  return useful_threads(kMostParts, n.all_rows() * n.channels(), kElementGrain);
}

struct Scratch {
  double* totals;  // (2, channels)
  double* sums;    // (parts, 2, channels)
  float* scale;
  float* offset;
  float* x_factor;
  float* constant;
};
Scratch scratch_of(const NormalizedPooling& s, std::byte* memory) {
  const std::int64_t channels = s.normalization.channels();
  Scratch scratch{};
  scratch.totals = reinterpret_cast<double*>(memory);
  scratch.sums = scratch.totals + 2 * channels;
  scratch.scale = reinterpret_cast<float*>(scratch.sums + 2 * part_count(s) * channels);
  scratch.offset = scratch.scale + channels;
  scratch.x_factor = scratch.offset + channels;
  scratch.constant = scratch.x_factor + channels;
  return scratch;
}

void sum_gradients(const NormalizedPooling& s, int threads, const PoolingFactors& factors,
                   const NormalizationGradient& g, const std::uint8_t* places,
                   const Scratch& scratch) {
  const Places where(s);
  const int parts = part_count(s);
  const std::int64_t channels = s.normalization.channels();
  parallel_range(std::min(threads, parts), parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      double* own = scratch.sums + part * 2 * channels;
      std::fill_n(own, 2 * channels, 0.0);
      const Range rows = part_of(where.rows(), parts, static_cast<int>(part));
      for (std::int64_t r = rows.begin; r < rows.end; ++r) {
        where.for_channels(r, g.x.wide, factors,
                           [&](const PoolingRows& loops, const PoolingRow& row, std::int64_t at,
                               std::int64_t channel) {
                             loops.sum(row, g.dy.wide + at, places + at, own + channel,
                                       own + channels + channel);
                           });
      }
    }
  });
  for (int part = 0; part < parts; ++part) {
    for (std::int64_t i = 0; i < 2 * channels; ++i)
      scratch.totals[i] += scratch.sums[part * 2 * channels + i];
  }
}

// The pixels beside and below the last windows of one slab of x (an image's block).
void fill_uncovered(const NormalizedPooling& s, const PoolingFactors& f, const float* x,
                    float* dx) {
  const std::int64_t channels = s.normalization.width;
  const std::int64_t used_depth = s.out_depth() * s.window_depth;
  const std::int64_t used_height = s.out_height() * s.window_height;
  const std::int64_t used_width = s.out_width() * s.window_width;
  for (std::int64_t d = 0; d < s.depth; ++d) {
    for (std::int64_t h = 0; h < s.height; ++h) {
      const bool covered = d < used_depth && h < used_height;
      const std::int64_t first = covered ? used_width : 0;
      const std::int64_t at = ((d * s.height + h) * s.width + first) * channels;
      uncovered_pixels(x + at, f, s.width - first, channels, dx + at);
    }
  }
}

bool covers_all(const NormalizedPooling& s) {
  return s.depth % s.window_depth == 0 && s.height % s.window_height == 0 &&
         s.width % s.window_width == 0;
}

void input_gradients(const NormalizedPooling& s, int threads, const PoolingFactors& factors,
                     const NormalizationGradient& g, const std::uint8_t* places) {
  const Places where(s);
  const std::int64_t width = s.normalization.width;
  const std::int64_t row_elements = s.taps() * s.out_width() * width;
  parallel_range(
      threads, where.rows(), std::max<std::int64_t>(1, kElementGrain / row_elements),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          where.for_channels(
              r, g.x.wide, factors,
              [&](const PoolingRows& loops, const PoolingRow& row, std::int64_t at, std::int64_t) {
                loops.backward(row, g.dy.wide + at, places + at, g.dx.wide + (row.x - g.x.wide));
              });
        }
      });
  if (covers_all(s)) return;
  const std::int64_t slab = s.depth * s.height * s.width * width;
  const std::int64_t blocks = s.normalization.blocks;
  parallel_range(threads, s.batch * blocks, std::max<std::int64_t>(1, kElementGrain / slab),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t k = begin; k < end; ++k) {
                     fill_uncovered(s, from(factors, k % blocks * width), g.x.wide + k * slab,
                                    g.dx.wide + k * slab);
                   }
                 });
}

}  // namespace

std::size_t normalized_pooling_scratch(const NormalizedPooling& s) {
  const auto channels = static_cast<std::size_t>(s.normalization.channels());
  const auto parts = static_cast<std::size_t>(part_count(s));
  return (2 * parts + 2) * channels * sizeof(double) + 4 * channels * sizeof(float);
}

void normalized_pooling_forward(const NormalizedPooling& s, int threads, const float* x,
                                const float* gamma, const float* beta, const float* mean,
                                const float* variance, float* y, std::uint8_t* places,
                                std::byte* memory) {
  const Scratch scratch = scratch_of(s, memory);
  normalization_factors(s.normalization, gamma, beta, variance, scratch.scale, scratch.offset);
  const PoolingFactors factors{mean, scratch.scale, scratch.offset, scratch.offset, scratch.offset};
  const Places where(s);
  const std::int64_t width = s.normalization.width;
  const std::int64_t row_elements = s.taps() * s.out_width() * width;
  parallel_range(
      threads, where.rows(), std::max<std::int64_t>(1, kElementGrain / row_elements),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          where.for_channels(
              r, x, factors,
              [&](const PoolingRows& loops, const PoolingRow& row, std::int64_t at, std::int64_t) {
                loops.forward(row, y + at, places != nullptr ? places + at : nullptr);
              });
        }
      });
}

void normalized_pooling_backward(const NormalizedPooling& s, int threads, bool training,
                                 const NormalizationGradient& g, const std::uint8_t* places,
                                 std::byte* memory, const MeetingPlace& meeting) {
  const Scratch scratch = scratch_of(s, memory);
  const BatchNormalization& n = s.normalization;
  normalization_factors(n, g.gamma, g.beta, g.variance, scratch.scale, scratch.offset);
  const PoolingFactors factors{g.mean, scratch.scale, scratch.offset, scratch.x_factor,
                               scratch.constant};
  std::fill_n(scratch.totals, 2 * n.channels(), 0.0);
  if (training || g.dgamma != nullptr || g.dbeta != nullptr) {
    sum_gradients(s, threads, factors, g, places, scratch);
  }
  gradient_factors(n, training, g, scratch.totals, scratch.x_factor, scratch.constant, meeting);
  if (g.dx.wide != nullptr) input_gradients(s, threads, factors, g, places);
}

}  // namespace tenon::backend::onednn
