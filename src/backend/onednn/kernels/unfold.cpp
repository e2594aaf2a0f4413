#include "backend/onednn/kernels/unfold.hpp"

#include <algorithm>
#include <cstring>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Calls visit(offset of the tap's channels in the patch, offset in the image or -1) for the taps of
// one pixel of y.
template <class Visit>
void for_taps(const ConvolutionGeometry& s, std::int64_t out_row, std::int64_t out_column,
              const Visit& visit) {
  std::int64_t tap = 0;
  for (std::int64_t kh = 0; kh < s.kernel_height; ++kh) {
    const std::int64_t row = out_row * s.stride_height - s.pad_top + kh * s.dilation_height;
    for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
      const std::int64_t column = out_column * s.stride_width - s.pad_left + kw * s.dilation_width;
      const bool inside = row >= 0 && row < s.in_height && column >= 0 && column < s.in_width;
      visit(tap, inside ? (row * s.in_width + column) * s.in_channels : -1);
      tap += s.in_channels;
    }
  }
}

TENON_CLONES void add_to(const float* x, float* y, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] += x[i];
}

}  // namespace

void unfold(const ConvolutionGeometry& s, int threads, const float* x, float* patches) {
  const std::int64_t taps = s.taps();
  const std::int64_t image_size = s.in_height * s.in_width * s.in_channels;
  const auto bytes = static_cast<std::size_t>(s.in_channels) * sizeof(float);
  parallel_range(threads, s.out_pixels(), std::max<std::int64_t>(1, kElementGrain / taps),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                     const float* image = x + pixel / (s.out_height * s.out_width) * image_size;
                     float* patch = patches + pixel * taps;
                     for_taps(s, pixel / s.out_width % s.out_height, pixel % s.out_width,
                              [&](std::int64_t tap, std::int64_t from) {
                                if (from >= 0) {
                                  std::memcpy(patch + tap, image + from, bytes);
                                } else {
                                  std::memset(patch + tap, 0, bytes);
                                }
                              });
                   }
                 });
}

void fold(const ConvolutionGeometry& s, int threads, const float* dpatches, float* dx) {
  const std::int64_t taps = s.taps();
  const std::int64_t pixels = s.out_height * s.out_width;
  const std::int64_t image_size = s.in_height * s.in_width * s.in_channels;
  // A thread owns whole images, as patches overlap.
  parallel_range(threads, s.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) {
      float* to = dx + image * image_size;
      std::fill_n(to, image_size, 0.0F);
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        const float* patch = dpatches + (image * pixels + pixel) * taps;
        for_taps(s, pixel / s.out_width, pixel % s.out_width,
                 [&](std::int64_t tap, std::int64_t offset) {
                   if (offset >= 0) add_to(patch + tap, to + offset, s.in_channels);
                 });
      }
    }
  });
}

}  // namespace tenon::backend::onednn
