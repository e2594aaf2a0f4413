#include "backend/onednn/kernels/patch_convolution.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/patch_tiles.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Per thread: the rows of x under one output row with their padding, the offset of each tap from
// the first pixel's corner, a row of ones (the bias's "tap"), and the sums of the gradient.
struct Workspace {
  float* rows = nullptr;
  float* ones = nullptr;
  float* sums = nullptr;
  std::int64_t* offsets = nullptr;
};

std::int64_t padded_width(const ConvolutionGeometry& s) {
  return (s.in_width + s.pad_left + s.pad_right) * s.in_channels;
}
std::int64_t rounded(std::int64_t floats) { return (floats + 15) / 16 * 16; }
std::int64_t row_floats(const ConvolutionGeometry& s) {
  return rounded(s.kernel_depth * s.kernel_height * padded_width(s));
}
std::int64_t one_floats(const ConvolutionGeometry& s) {
  return rounded(s.out_width * s.stride_width * s.in_channels);
}
std::int64_t sum_floats(const ConvolutionGeometry& s) {
  return rounded((s.taps() + 1) * s.out_channels);
}
std::int64_t offset_floats(const ConvolutionGeometry& s) { return rounded(2 * s.taps()); }
std::int64_t thread_floats(const ConvolutionGeometry& s) {
  return row_floats(s) + one_floats(s) + sum_floats(s) + offset_floats(s);
}

bool padded(const ConvolutionGeometry& s) {
  return s.pad_front != 0 || s.pad_top != 0 || s.pad_left != 0 || s.pad_back != 0 ||
         s.pad_bottom != 0 || s.pad_right != 0;
}

Workspace workspace_of(const ConvolutionGeometry& s, std::byte* scratch, int part) {
  Workspace w;
  w.rows = reinterpret_cast<float*>(scratch) + part * thread_floats(s);
  w.ones = w.rows + row_floats(s);
  w.sums = w.ones + one_floats(s);
  w.offsets = reinterpret_cast<std::int64_t*>(w.sums + sum_floats(s));
  // Without padding the taps lie in x itself, a dilated row or layer apart; with it in `rows`, one
  // row apart.
  const std::int64_t x_row = s.in_width * s.in_channels;
  const std::int64_t row_pitch = padded(s) ? padded_width(s) : x_row * s.dilation_height;
  const std::int64_t layer_pitch =
      padded(s) ? s.kernel_height * row_pitch : x_row * s.in_height * s.dilation_depth;
  std::int64_t* offset = w.offsets;
  for (std::int64_t row = 0; row < s.kernel_depth * s.kernel_height; ++row) {
    const std::int64_t at = row / s.kernel_height * layer_pitch + row % s.kernel_height * row_pitch;
    for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
      for (std::int64_t c = 0; c < s.in_channels; ++c) {
        *offset++ = at + kw * s.dilation_width * s.in_channels + c;
      }
    }
  }
  return w;
}

// Copies row `row` of layer `layer`, zeros where there is none, with its padding.
void copy_row(const ConvolutionGeometry& s, const float* image, std::int64_t layer,
              std::int64_t row, float* to) {
  if (layer < 0 || layer >= s.in_depth || row < 0 || row >= s.in_height) {
    std::fill_n(to, padded_width(s), 0.0F);
    return;
  }
  const std::int64_t pitch = s.in_width * s.in_channels;
  std::fill_n(to, s.pad_left * s.in_channels, 0.0F);
  to = std::copy_n(image + (layer * s.in_height + row) * pitch, pitch,
                   to + s.pad_left * s.in_channels);
  std::fill_n(to, s.pad_right * s.in_channels, 0.0F);
}

// The corner of the patch of the first pixel of output row `out_row`, counted over the batch;
// copies the rows where there is padding.
const float* row_of(const ConvolutionGeometry& s, const Workspace& w, const float* x,
                    std::int64_t out_row) {
  const std::int64_t pitch = s.in_width * s.in_channels;
  const std::int64_t out_layer = out_row / s.out_height;
  const float* image = x + out_layer / s.out_depth * s.in_depth * s.in_height * pitch;
  const std::int64_t layer = out_layer % s.out_depth * s.stride_depth - s.pad_front;
  const std::int64_t row = out_row % s.out_height * s.stride_height - s.pad_top;
  if (!padded(s)) return image + (layer * s.in_height + row) * pitch;
  for (std::int64_t i = 0; i < s.kernel_depth * s.kernel_height; ++i) {
    copy_row(s, image, layer + i / s.kernel_height * s.dilation_depth,
             row + i % s.kernel_height * s.dilation_height, w.rows + i * padded_width(s));
  }
  return w.rows;
}

PatchTiles tiles() {
  return instruction_set() == InstructionSet::kAvx512 ? avx512_patch_tiles() : avx2_patch_tiles();
}

// Where a row of y lies, and the steps within it.
struct RowsOfY {
  explicit RowsOfY(const ConvolutionGeometry& s)
      : rows(s.out_depth * s.out_height),
        block(s.out_block != 0 ? s.out_block : s.out_channels),
        image(rows * s.out_width * s.out_channels),
        row(s.out_width * block),
        vector(s.out_block != 0 ? rows * row : vector_length(instruction_set())) {}
  std::int64_t offset(std::int64_t r) const { return r / rows * image + r % rows * row; }

  std::int64_t rows;
  std::int64_t block;
  std::int64_t image;
  std::int64_t row;
  std::int64_t vector;
};

}  // namespace

bool patch_convolution_fits(const ConvolutionGeometry& s) {
  const InstructionSet set = instruction_set();
  if (set == InstructionSet::kBaseline) return false;
  return s.in_channels <= 4 && s.taps() <= 256 && s.out_channels % vector_length(set) == 0;
}

std::size_t patch_convolution_scratch(const ConvolutionGeometry& s, int threads) {
  return static_cast<std::size_t>(threads * thread_floats(s)) * sizeof(float);
}

void patch_convolution_forward(const ConvolutionGeometry& s, int threads, const float* x,
                               const float* kernel, const float* bias, bool rectify, float slope,
                               MutableNumbers y, std::byte* scratch) {
  const PatchTiles tile = tiles();
  const RowsOfY y_rows(s);
  parallel_parts(threads, [&](int part) {
    const Workspace w = workspace_of(s, scratch, part);
    const Range range = part_of(s.out_rows(), threads, part);
    PatchRowForward row{.taps = s.taps(),
                        .pixels = s.out_width,
                        .step = s.stride_width * s.in_channels,
                        .channels = s.out_channels,
                        .offsets = w.offsets,
                        .kernel = kernel,
                        .bias = bias,
                        .rectify = rectify,
                        .slope = slope,
                        .pixel_step = y_rows.block,
                        .vector_step = y_rows.vector};
    for (std::int64_t r = range.begin; r < range.end; ++r) {
      row.x = row_of(s, w, x, r);
      row.y = y.from(y_rows.offset(r));
      tile.forward_row(row);
    }
  });
}

void patch_convolution_backward_weights(const ConvolutionGeometry& s, int threads, const float* x,
                                        Numbers dy, float* dkernel, float* dbias,
                                        std::byte* scratch) {
  const PatchTiles tile = tiles();
  const RowsOfY dy_rows(s);
  const std::int64_t count = s.taps() * s.out_channels;
  parallel_parts(threads, [&](int part) {
    const Workspace w = workspace_of(s, scratch, part);
    std::fill_n(w.ones, one_floats(s), 1.0F);
    std::fill_n(w.sums, sum_floats(s), 0.0F);
    const Range range = part_of(s.out_rows(), threads, part);
    PatchRowBackward row{.taps = s.taps(),
                         .pixels = s.out_width,
                         .step = s.stride_width * s.in_channels,
                         .channels = s.out_channels,
                         .offsets = w.offsets,
                         .ones = dbias != nullptr ? w.ones : nullptr,
                         .sums = w.sums,
                         .pixel_step = dy_rows.block,
                         .vector_step = dy_rows.vector};
    for (std::int64_t r = range.begin; r < range.end; ++r) {
      row.x = row_of(s, w, x, r);
      row.dy = dy.from(dy_rows.offset(r));
      tile.backward_row(row);
    }
  });
  const float* sums = workspace_of(s, scratch, 0).sums;
  std::copy_n(sums, count, dkernel);
  if (dbias != nullptr) std::copy_n(sums + count, s.out_channels, dbias);
  for (int part = 1; part < threads; ++part) {
    const float* other = workspace_of(s, scratch, part).sums;
    for (std::int64_t i = 0; i < count; ++i) dkernel[i] += other[i];
    if (dbias == nullptr) continue;
    for (std::int64_t i = 0; i < s.out_channels; ++i) dbias[i] += other[count + i];
  }
}

}  // namespace tenon::backend::onednn
