#include "backend/onednn/kernels/few_pixels.hpp"

#include <algorithm>
#include <array>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/dnnl_bridge.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

using Position = std::array<std::int64_t, 3>;  // depth, height, width

Position position_of(std::int64_t index, std::int64_t height, std::int64_t width) {
  return {index / (height * width), index / width % height, index % width};
}

std::int64_t in_pixels(const ConvolutionGeometry& s) {
  return s.in_depth * s.in_height * s.in_width;
}
std::int64_t out_pixels(const ConvolutionGeometry& s) {
  return s.out_depth * s.out_height * s.out_width;
}
std::int64_t kernel_pixels(const ConvolutionGeometry& s) {
  return s.kernel_depth * s.kernel_height * s.kernel_width;
}

// The pixel of x under tap `tap` of pixel `pixel` of y; -1: padding.
std::int64_t pixel_under(const ConvolutionGeometry& s, std::int64_t pixel, std::int64_t tap) {
  const Position at = position_of(pixel, s.out_height, s.out_width);
  const Position k = position_of(tap, s.kernel_height, s.kernel_width);
  const std::int64_t d = at[0] * s.stride_depth - s.pad_front + k[0] * s.dilation_depth;
  const std::int64_t h = at[1] * s.stride_height - s.pad_top + k[1] * s.dilation_height;
  const std::int64_t w = at[2] * s.stride_width - s.pad_left + k[2] * s.dilation_width;
  if (d < 0 || d >= s.in_depth || h < 0 || h >= s.in_height || w < 0 || w >= s.in_width) return -1;
  return (d * s.in_height + h) * s.in_width + w;
}

// Calls work(first pixel of x, first tap, taps) for the runs of a pixel of y: taps side by side
// over pixels side by side.
template <class Work>
void for_runs(const ConvolutionGeometry& s, std::int64_t pixel, const Work& work) {
  std::int64_t tap = 0;
  while (tap < kernel_pixels(s)) {
    const std::int64_t first = pixel_under(s, pixel, tap);
    std::int64_t count = 1;
    if (first >= 0) {
      while ((tap + count) % s.kernel_width != 0 &&
             pixel_under(s, pixel, tap + count) == first + count) {
        ++count;
      }
      work(first, tap, count);
    }
    tap += count;
  }
}

void finish_row(const float* bias, bool rectify, float slope, std::int64_t channels, float* y) {
  for (std::int64_t i = 0; i < channels; ++i) {
    const float value = bias != nullptr ? y[i] + bias[i] : y[i];
    y[i] = rectify && value < 0.0F ? value * slope : value;
  }
}

TENON_CLONES void add_row(const float* row, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += row[i];
}

// Copies `channels` floats of one pixel of every image.
void gather(const float* images, std::int64_t pixels, std::int64_t pixel, std::int64_t channels,
            std::int64_t batch, float* to) {
  for (std::int64_t n = 0; n < batch; ++n) {
    std::copy_n(images + (n * pixels + pixel) * channels, channels, to + n * channels);
  }
}

// Adds rows to one pixel of every image.
void scatter(const float* rows, std::int64_t pixels, std::int64_t pixel, std::int64_t channels,
             std::int64_t batch, float* images) {
  for (std::int64_t n = 0; n < batch; ++n) {
    add_row(rows + n * channels, channels, images + (n * pixels + pixel) * channels);
  }
}

void sum_rows(const float* rows, std::int64_t count, std::int64_t channels, float* sums) {
  std::fill_n(sums, channels, 0.0F);
  for (std::int64_t r = 0; r < count; ++r) {
    add_row(rows + r * channels, channels, sums);
  }
}

}  // namespace

void few_pixels_forward(const ConvolutionGeometry& s, int threads, const float* x,
                        const float* kernel, const float* bias, bool rectify, float slope,
                        float* y) {
  const std::int64_t in = s.in_channels;
  const std::int64_t out = s.out_channels;
  for (std::int64_t p = 0; p < out_pixels(s); ++p) {
    bool begun = false;
    for_runs(s, p, [&](std::int64_t pixel, std::int64_t tap, std::int64_t taps) {
      bridge::multiply({.m = s.batch, .n = out, .k = taps * in},
                       {x + pixel * in, in_pixels(s) * in}, {kernel + tap * in * out, out}, begun,
                       {y + p * out, out_pixels(s) * out});
      begun = true;
    });
    if (begun) continue;
    for (std::int64_t n = 0; n < s.batch; ++n) {
      std::fill_n(y + (n * out_pixels(s) + p) * out, out, 0.0F);
    }
  }
  if (bias == nullptr && !rectify) return;
  parallel_range(threads, s.out_pixels(), std::max<std::int64_t>(1, kElementGrain / out),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t r = begin; r < end; ++r) {
                     finish_row(bias, rectify, slope, out, y + r * out);
                   }
                 });
}

// Tap by tap: a part of the kernel that is read transposed is packed once.
void few_pixels_backward_data(const ConvolutionGeometry& s, const float* dy, const float* kernel,
                              float* dx, std::byte* scratch) {
  const std::int64_t in = s.in_channels;
  const std::int64_t out = s.out_channels;
  auto* dx_rows = reinterpret_cast<float*>(scratch);
  float* dy_rows = dx_rows + s.out_pixels() * in;
  std::fill_n(dx, s.batch * in_pixels(s) * in, 0.0F);
  for (std::int64_t tap = 0; tap < kernel_pixels(s); ++tap) {
    std::int64_t rows = 0;
    for (std::int64_t p = 0; p < out_pixels(s); ++p) {
      if (pixel_under(s, p, tap) < 0) continue;
      gather(dy, out_pixels(s), p, out, s.batch, dy_rows + rows * out);
      rows += s.batch;
    }
    if (rows == 0) continue;
    bridge::multiply({.m = rows, .n = in, .k = out}, {dy_rows, out},
                     {kernel + tap * in * out, out, /*transposed=*/true}, /*add=*/false,
                     {dx_rows, in});
    rows = 0;
    for (std::int64_t p = 0; p < out_pixels(s); ++p) {
      const std::int64_t pixel = pixel_under(s, p, tap);
      if (pixel < 0) continue;
      scatter(dx_rows + rows * in, in_pixels(s), pixel, in, s.batch, dx);
      rows += s.batch;
    }
  }
}

std::size_t few_pixels_scratch(const ConvolutionGeometry& s) {
  return static_cast<std::size_t>(s.out_pixels() * (s.in_channels + s.out_channels)) *
         sizeof(float);
}

// Tap by tap, so that each part of dkernel is written once.
void few_pixels_backward_weights(const ConvolutionGeometry& s, const float* x, const float* dy,
                                 float* dkernel, float* dbias, std::byte* scratch) {
  const std::int64_t in = s.in_channels;
  const std::int64_t out = s.out_channels;
  auto* x_rows = reinterpret_cast<float*>(scratch);
  float* dy_rows = x_rows + s.out_pixels() * in;
  for (std::int64_t tap = 0; tap < kernel_pixels(s); ++tap) {
    std::int64_t rows = 0;
    for (std::int64_t p = 0; p < out_pixels(s); ++p) {
      const std::int64_t pixel = pixel_under(s, p, tap);
      if (pixel < 0) continue;
      gather(x, in_pixels(s), pixel, in, s.batch, x_rows + rows * in);
      gather(dy, out_pixels(s), p, out, s.batch, dy_rows + rows * out);
      rows += s.batch;
    }
    float* part = dkernel + tap * in * out;
    if (rows == 0) {
      std::fill_n(part, in * out, 0.0F);
      continue;
    }
    bridge::multiply({.m = in, .n = out, .k = rows}, {x_rows, in, /*transposed=*/true},
                     {dy_rows, out}, /*add=*/false, {part, out});
  }
  if (dbias != nullptr) sum_rows(dy, s.out_pixels(), out, dbias);
}

}  // namespace tenon::backend::onednn
