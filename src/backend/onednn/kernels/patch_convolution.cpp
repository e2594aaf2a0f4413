#include "backend/onednn/kernels/patch_convolution.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/patch_tiles.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Per thread: the rows of x under some output rows with their padding, the offset of each tap from
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
// Rows that are copied for a group of output rows: one row is under several of them.
std::int64_t copied_rows(const ConvolutionGeometry& s, std::int64_t out_rows) {
  return (out_rows - 1) * s.stride_height + (s.kernel_height - 1) * s.dilation_height + 1;
}
// As many output rows as half of the first cache has room for the rows under them.
std::int64_t group_rows(const ConvolutionGeometry& s) {
  constexpr std::int64_t kFloats = 4096;
  std::int64_t rows = 8;
  while (rows > 1 && s.kernel_depth * copied_rows(s, rows) * padded_width(s) > kFloats) --rows;
  return rows;
}
std::int64_t row_floats(const ConvolutionGeometry& s) {
  return rounded(s.kernel_depth * copied_rows(s, group_rows(s)) * padded_width(s));
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

// True if the rows under an output row are copied.
bool copies(const ConvolutionGeometry& s, const PatchSource& x) {
  return padded(s) || x.converts();
}

Workspace workspace_of(const ConvolutionGeometry& s, bool copied, std::byte* scratch, int part) {
  Workspace w;
  w.rows = reinterpret_cast<float*>(scratch) + part * thread_floats(s);
  w.ones = w.rows + row_floats(s);
  w.sums = w.ones + one_floats(s);
  w.offsets = reinterpret_cast<std::int64_t*>(w.sums + sum_floats(s));
  // The taps lie in x itself, or in the copied rows.
  const std::int64_t row = copied ? padded_width(s) : s.in_width * s.in_channels;
  const std::int64_t row_pitch = row * s.dilation_height;
  const std::int64_t layer_pitch =
      copied ? row * copied_rows(s, group_rows(s)) : row * s.in_height * s.dilation_depth;
  std::int64_t* offset = w.offsets;
  for (std::int64_t i = 0; i < s.kernel_depth * s.kernel_height; ++i) {
    const std::int64_t at = i / s.kernel_height * layer_pitch + i % s.kernel_height * row_pitch;
    for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
      for (std::int64_t c = 0; c < s.in_channels; ++c) {
        *offset++ = at + kw * s.dilation_width * s.in_channels + c;
      }
    }
  }
  return w;
}

TENON_CLONES void convert_bytes(const std::uint8_t* from, const float* scale, const float* offset,
                                float* to, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<float>(from[i]) * scale[i] + offset[i];
  }
}
TENON_CLONES void convert_floats(const float* from, const float* scale, const float* offset,
                                 float* to, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) to[i] = from[i] * scale[i] + offset[i];
}

// `count` numbers, a whole row, from the `first` on.
void read_row(const PatchSource& x, std::int64_t first, float* to, std::int64_t count) {
  if (x.bytes != nullptr) {
    convert_bytes(x.bytes + first, x.scale, x.offset, to, count);
  } else if (x.converts()) {
    convert_floats(x.floats + first, x.scale, x.offset, to, count);
  } else {
    std::copy_n(x.floats + first, count, to);
  }
  if (x.rounded) round_to_bfloat16(1, to, to, count);
}

// Copies row `row` of layer `layer`, zeros where there is none, with its padding.
void copy_row(const ConvolutionGeometry& s, const PatchSource& x, std::int64_t image,
              std::int64_t layer, std::int64_t row, float* to) {
  if (layer < 0 || layer >= s.in_depth || row < 0 || row >= s.in_height) {
    std::fill_n(to, padded_width(s), 0.0F);
    return;
  }
  const std::int64_t pitch = s.in_width * s.in_channels;
  std::fill_n(to, s.pad_left * s.in_channels, 0.0F);
  to += s.pad_left * s.in_channels;
  read_row(x, image + (layer * s.in_height + row) * pitch, to, pitch);
  std::fill_n(to + pitch, s.pad_right * s.in_channels, 0.0F);
}

// Where the patches of the first pixels of output rows begin; copies rows where there is padding or
// they are to be converted.
class PatchRows {
 public:
  PatchRows(const ConvolutionGeometry& s, const Workspace& w, const PatchSource& x)
      : s_(s), w_(w), x_(x), group_(group_rows(s)), copies_(copies(s, x)) {}

  // The corner of the patch of the first pixel of output row `out_row`, counted over the batch.
  const float* at(std::int64_t out_row) {
    const std::int64_t out_layer = out_row / s_.out_height;
    const std::int64_t row = out_row % s_.out_height;
    if (!copies_) {
      const std::int64_t pitch = s_.in_width * s_.in_channels;
      return x_.floats + image_of(out_layer) +
             (layer_of(out_layer) * s_.in_height + row * s_.stride_height) * pitch;
    }
    const std::int64_t first = row / group_ * group_;
    if (out_layer != layer_loaded_ || first != row_loaded_) load(out_layer, first);
    return w_.rows + (row - first) * s_.stride_height * padded_width(s_);
  }

 private:
  std::int64_t image_of(std::int64_t out_layer) const {
    return out_layer / s_.out_depth * s_.in_depth * s_.in_height * s_.in_width * s_.in_channels;
  }
  std::int64_t layer_of(std::int64_t out_layer) const {
    return out_layer % s_.out_depth * s_.stride_depth - s_.pad_front;
  }

  // What lies under the output rows from `first` on.
  void load(std::int64_t out_layer, std::int64_t first) {
    layer_loaded_ = out_layer;
    row_loaded_ = first;
    const std::int64_t pitch = copied_rows(s_, group_);
    const std::int64_t count = copied_rows(s_, std::min(group_, s_.out_height - first));
    for (std::int64_t layer = 0; layer < s_.kernel_depth; ++layer) {
      for (std::int64_t i = 0; i < count; ++i) {
        copy_row(s_, x_, image_of(out_layer), layer_of(out_layer) + layer * s_.dilation_depth,
                 first * s_.stride_height - s_.pad_top + i,
                 w_.rows + (layer * pitch + i) * padded_width(s_));
      }
    }
  }

  const ConvolutionGeometry& s_;
  const Workspace& w_;
  const PatchSource& x_;
  std::int64_t group_;
  bool copies_;
  std::int64_t layer_loaded_ = -1;
  std::int64_t row_loaded_ = -1;
};

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

void patch_convolution_forward(const ConvolutionGeometry& s, int threads, const PatchSource& x,
                               const float* kernel, const float* bias, bool rectify, float slope,
                               MutableNumbers y, std::byte* scratch) {
  const PatchTiles tile = tiles();
  const RowsOfY y_rows(s);
  parallel_parts(threads, [&](int part) {
    const Workspace w = workspace_of(s, copies(s, x), scratch, part);
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
    PatchRows rows(s, w, x);
    for (std::int64_t r = range.begin; r < range.end; ++r) {
      row.x = rows.at(r);
      row.y = y.from(y_rows.offset(r));
      tile.forward_row(row);
    }
  });
}

void patch_convolution_backward_weights(const ConvolutionGeometry& s, int threads,
                                        const PatchSource& x, Numbers dy, float* dkernel,
                                        float* dbias, std::byte* scratch) {
  const PatchTiles tile = tiles();
  const RowsOfY dy_rows(s);
  const std::int64_t count = s.taps() * s.out_channels;
  parallel_parts(threads, [&](int part) {
    const Workspace w = workspace_of(s, copies(s, x), scratch, part);
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
    PatchRows rows(s, w, x);
    for (std::int64_t r = range.begin; r < range.end; ++r) {
      row.x = rows.at(r);
      row.dy = dy.from(dy_rows.offset(r));
      tile.backward_row(row);
    }
  });
  const float* sums = workspace_of(s, copies(s, x), scratch, 0).sums;
  std::copy_n(sums, count, dkernel);
  if (dbias != nullptr) std::copy_n(sums + count, s.out_channels, dbias);
  for (int part = 1; part < threads; ++part) {
    const float* other = workspace_of(s, copies(s, x), scratch, part).sums;
    for (std::int64_t i = 0; i < count; ++i) dkernel[i] += other[i];
    if (dbias == nullptr) continue;
    for (std::int64_t i = 0; i < s.out_channels; ++i) dbias[i] += other[count + i];
  }
}

}  // namespace tenon::backend::onednn
