#include "backend/onednn/kernels/unfold.hpp"

#include <algorithm>
#include <cstring>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Calls visit(offset of the tap's channels in the patch, offset in the image or -1) for the taps of
// one pixel of y, which is counted over the batch.
template <class Visit>
void for_taps(const ConvolutionGeometry& s, std::int64_t pixel, const Visit& visit) {
  const std::int64_t out_row = pixel / s.out_width;
  const std::int64_t first_layer =
      out_row / s.out_height % s.out_depth * s.stride_depth - s.pad_front;
  const std::int64_t first_row = out_row % s.out_height * s.stride_height - s.pad_top;
  const std::int64_t first_column = pixel % s.out_width * s.stride_width - s.pad_left;
  std::int64_t tap = 0;
  for (std::int64_t i = 0; i < s.kernel_depth * s.kernel_height; ++i) {
    const std::int64_t layer = first_layer + i / s.kernel_height * s.dilation_depth;
    const std::int64_t row = first_row + i % s.kernel_height * s.dilation_height;
    const bool row_inside = layer >= 0 && layer < s.in_depth && row >= 0 && row < s.in_height;
    for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
      const std::int64_t column = first_column + kw * s.dilation_width;
      const bool inside = row_inside && column >= 0 && column < s.in_width;
      const std::int64_t place = (layer * s.in_height + row) * s.in_width + column;
      visit(tap, inside ? place * s.in_channels : -1);
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
  const std::int64_t image_size = s.in_depth * s.in_height * s.in_width * s.in_channels;
  const std::int64_t pixels = s.out_depth * s.out_height * s.out_width;
  const auto bytes = static_cast<std::size_t>(s.in_channels) * sizeof(float);
  parallel_range(threads, s.out_pixels(), std::max<std::int64_t>(1, kElementGrain / taps),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                     const float* image = x + pixel / pixels * image_size;
                     float* patch = patches + pixel * taps;
                     for_taps(s, pixel, [&](std::int64_t tap, std::int64_t from) {
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
  const std::int64_t pixels = s.out_depth * s.out_height * s.out_width;
  const std::int64_t image_size = s.in_depth * s.in_height * s.in_width * s.in_channels;
  // A thread owns whole images, as patches overlap.
  parallel_range(threads, s.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) {
      float* to = dx + image * image_size;
      std::fill_n(to, image_size, 0.0F);
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        const float* patch = dpatches + (image * pixels + pixel) * taps;
        for_taps(s, pixel, [&](std::int64_t tap, std::int64_t offset) {
          if (offset >= 0) add_to(patch + tap, to + offset, s.in_channels);
        });
      }
    }
  });
}

}  // namespace tenon::backend::onednn
