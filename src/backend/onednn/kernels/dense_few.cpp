#include "backend/onednn/kernels/dense_few.hpp"

#include <algorithm>
#include <array>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/bfloat16.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Columns at a time: their weights and gradients stay in the first cache over all rows.
constexpr std::int64_t kBlock = 1024;

// The loops take x as floats or as the bits of bfloat16 numbers; what is written, too.

template <class X>
TENON_ALWAYS_INLINE float dot_of(const X* x, const float* w, std::int64_t count) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += widened(x[i]) * w[i];
  return sum;
}
TENON_CLONES float dot(const float* x, const float* w, std::int64_t count) {
  return dot_of(x, w, count);
}
TENON_CLONES float dot(const Bits* x, const float* w, std::int64_t count) {
  return dot_of(x, w, count);
}
float dot(Numbers x, const float* w, std::int64_t count) {
  return x.narrow != nullptr ? dot(x.narrow, w, count) : dot(x.wide, w, count);
}

// The gradient of one row's x, and its share of the kernel's: dkernel += dy·x, dx = dy·w, masked.
template <class X, class D>
TENON_ALWAYS_INLINE void backward_1_of(const X* x, D* dx, const float* w, float* dw, float dy,
                                       float slope, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = widened(x[i]);
    dw[i] += dy * value;
    const float gradient = dy * w[i];
    put(value > 0.0F ? gradient : gradient * slope, dx[i]);
  }
}
#define TENON_BACKWARD_1(X, D)                                                         \
  TENON_CLONES void backward_1(const X* x, D* dx, const float* w, float* dw, float dy, \
                               float slope, std::int64_t count) {                      \
    backward_1_of(x, dx, w, dw, dy, slope, count);                                     \
  }
TENON_BACKWARD_1(float, float)
TENON_BACKWARD_1(Bits, Bits)
TENON_BACKWARD_1(Bits, float)

template <class X>
TENON_ALWAYS_INLINE void accumulate_of(const X* x, float* y, float factor, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] += factor * widened(x[i]);
}
TENON_CLONES void accumulate(const float* x, float* y, float factor, std::int64_t count) {
  accumulate_of(x, y, factor, count);
}
TENON_CLONES void accumulate(const Bits* x, float* y, float factor, std::int64_t count) {
  accumulate_of(x, y, factor, count);
}

template <class X, class D>
TENON_ALWAYS_INLINE void input_gradient_of(const X* x, D* dx, const float* const* w,
                                           const float* dy, std::int64_t outputs, float slope,
                                           std::int64_t count) {
  const float* w0 = w[0];
  const float* w1 = w[outputs > 1 ? 1 : 0];
  const float* w2 = w[outputs > 2 ? 2 : 0];
  const float* w3 = w[outputs > 3 ? 3 : 0];
  const float d0 = dy[0];
  const float d1 = outputs > 1 ? dy[1] : 0.0F;
  const float d2 = outputs > 2 ? dy[2] : 0.0F;
  const float d3 = outputs > 3 ? dy[3] : 0.0F;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float gradient = d0 * w0[i] + d1 * w1[i] + d2 * w2[i] + d3 * w3[i];
    put(widened(x[i]) > 0.0F ? gradient : gradient * slope, dx[i]);
  }
}
#define TENON_INPUT_GRADIENT(X, D)                                                            \
  TENON_CLONES void input_gradient(const X* x, D* dx, const float* const* w, const float* dy, \
                                   std::int64_t outputs, float slope, std::int64_t count) {   \
    input_gradient_of(x, dx, w, dy, outputs, slope, count);                                   \
  }
TENON_INPUT_GRADIENT(float, float)
TENON_INPUT_GRADIENT(Bits, Bits)
TENON_INPUT_GRADIENT(Bits, float)

// A block of columns of the kernel as floats: one line per output.
class KernelBlock {
 public:
  KernelBlock(const DenseFew& s, Numbers kernel, std::int64_t place, std::int64_t count) {
    for (std::int64_t o = 0; o < s.outputs; ++o) {
      const Numbers line = kernel.from(o * s.inputs + place);
      const auto index = static_cast<std::size_t>(o);
      if (line.narrow != nullptr) widen(line.narrow, buffers_[index].data(), count);
      lines_[index] = line.narrow != nullptr ? buffers_[index].data() : line.wide;
    }
  }
  const float* const* lines() const { return lines_.data(); }
  const float* line(std::int64_t output) const { return lines_[static_cast<std::size_t>(output)]; }

 private:
  std::array<const float*, kFewOutputs> lines_{};
  alignas(64) std::array<std::array<float, kBlock>, kFewOutputs> buffers_;
};

// One block of columns of one part, rows [rows.begin, rows.end); x and dx of that part from its
// first column on; dkernel points at the block in (outputs, inputs), or is null.
template <class X, class D>
void backward_block(const DenseFew& s, const DensePart& part, Range rows, const X* x, D* dx,
                    std::int64_t count, const KernelBlock& kernel, const float* dy,
                    float* dkernel) {
  const float slope = part.rectified ? part.slope : 1.0F;
  for (std::int64_t m = rows.begin; m < rows.end; ++m) {
    const X* row_x = x + m * part.count;
    D* row_dx = dx != nullptr ? dx + m * part.count : nullptr;
    const float* row_dy = dy + m * s.outputs;
    if (s.outputs == 1 && dx != nullptr && dkernel != nullptr) {
      backward_1(row_x, row_dx, kernel.line(0), dkernel, row_dy[0], slope, count);
      continue;
    }
    for (std::int64_t o = 0; dkernel != nullptr && o < s.outputs; ++o) {
      accumulate(row_x, dkernel + o * s.inputs, row_dy[o], count);
    }
    if (dx != nullptr) {
      input_gradient(row_x, row_dx, kernel.lines(), row_dy, s.outputs, slope, count);
    }
  }
}

void backward_block(const DenseFew& s, const DensePart& part, Range rows, std::int64_t column,
                    std::int64_t count, Numbers kernel, const float* dy, float* dkernel) {
  const std::int64_t place = part.first + column;
  // Without dx the kernel is not read, and may be absent.
  const KernelBlock block(part.dx ? s : DenseFew{}, kernel, place, count);
  float* own = dkernel != nullptr ? dkernel + place : nullptr;
  const Numbers x = part.x.from(column);
  const MutableNumbers dx = part.dx ? part.dx.from(column) : MutableNumbers();
  if (x.narrow == nullptr)
    return backward_block(s, part, rows, x.wide, dx.wide, count, block, dy, own);
  if (dx.wide != nullptr)
    return backward_block(s, part, rows, x.narrow, dx.wide, count, block, dy, own);
  backward_block(s, part, rows, x.narrow, dx.narrow, count, block, dy, own);
}

// Long rows are cut into columns, each thread's gradient its own; many short rows are cut by rows.
bool by_rows(const DenseFew& s) { return s.rows >= 256 && s.inputs <= 2048; }

int thread_count(const DenseFew& s, int threads) {
  const int useful = useful_threads(threads, s.rows * s.inputs, kElementGrain);
  return by_rows(s) ? useful : useful_threads(useful, s.inputs, 16);
}

void sum_bias(const DenseFew& s, const float* dy, float* dbias) {
  std::fill_n(dbias, s.outputs, 0.0F);
  for (std::int64_t m = 0; m < s.rows; ++m) {
    for (std::int64_t o = 0; o < s.outputs; ++o) dbias[o] += dy[m * s.outputs + o];
  }
}

// y += x · kernel over rows, a block of columns at a time.
void forward_rows(const DenseFew& s, std::span<const DensePart> parts, Range rows, int column_parts,
                  int column_part, Numbers kernel, float* y) {
  for (const DensePart& part : parts) {
    const Range range = part_of(part.count, column_parts, column_part, 16);
    for (std::int64_t column = range.begin; column < range.end; column += kBlock) {
      const std::int64_t count = std::min(kBlock, range.end - column);
      const KernelBlock block(s, kernel, part.first + column, count);
      for (std::int64_t m = rows.begin; m < rows.end; ++m) {
        const Numbers x = part.x.from(m * part.count + column);
        for (std::int64_t o = 0; o < s.outputs; ++o) {
          y[m * s.outputs + o] += dot(x, block.line(o), count);
        }
      }
    }
  }
}

void forward_by_rows(const DenseFew& s, int threads, std::span<const DensePart> parts,
                     Numbers kernel, const float* bias, float* y) {
  parallel_range(threads, s.rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * s.outputs; i < end * s.outputs; ++i) {
      y[i] = bias != nullptr ? bias[i % s.outputs] : 0.0F;
    }
    forward_rows(s, parts, {begin, end}, 1, 0, kernel, y);
  });
}

void forward_by_columns(const DenseFew& s, int threads, std::span<const DensePart> parts,
                        Numbers kernel, const float* bias, float* y, float* sums) {
  const std::int64_t size = s.rows * s.outputs;
  parallel_parts(threads, [&](int thread) {
    float* own = sums + thread * size;
    std::fill_n(own, size, 0.0F);
    forward_rows(s, parts, {0, s.rows}, threads, thread, kernel, own);
  });
  for (std::int64_t i = 0; i < size; ++i) {
    float sum = bias != nullptr ? bias[i % s.outputs] : 0.0F;
    for (int thread = 0; thread < threads; ++thread) sum += sums[thread * size + i];
    y[i] = sum;
  }
}

}  // namespace

std::size_t dense_few_scratch(const DenseFew& s, int threads) {
  const std::int64_t forward = s.rows * s.outputs;
  const std::int64_t backward = by_rows(s) ? s.inputs * s.outputs : 0;
  return static_cast<std::size_t>(threads * std::max(forward, backward)) * sizeof(float);
}

void dense_few_forward(const DenseFew& s, int threads, std::span<const DensePart> parts,
                       Numbers kernel, const float* bias, float* y, std::byte* scratch) {
  const int used = thread_count(s, threads);
  if (by_rows(s)) {
    forward_by_rows(s, used, parts, kernel, bias, y);
  } else {
    forward_by_columns(s, used, parts, kernel, bias, y, reinterpret_cast<float*>(scratch));
  }
}

void dense_few_backward(const DenseFew& s, int threads, std::span<const DensePart> parts,
                        Numbers kernel, const float* dy, float* dkernel, float* dbias,
                        std::byte* scratch) {
  const int used = thread_count(s, threads);
  const std::int64_t size = s.inputs * s.outputs;
  auto* sums = reinterpret_cast<float*>(scratch);
  const bool rows = by_rows(s);
  parallel_parts(used, [&](int thread) {
    const Range row_range = rows ? part_of(s.rows, used, thread) : Range{0, s.rows};
    float* own = dkernel == nullptr || !rows ? dkernel : sums + thread * size;
    if (own != nullptr && rows) std::fill_n(own, size, 0.0F);
    for (const DensePart& part : parts) {
      const Range columns = rows ? Range{0, part.count} : part_of(part.count, used, thread, 16);
      for (std::int64_t column = columns.begin; column < columns.end; column += kBlock) {
        const std::int64_t count = std::min(kBlock, columns.end - column);
        for (std::int64_t o = 0; own != nullptr && !rows && o < s.outputs; ++o) {
          std::fill_n(own + o * s.inputs + part.first + column, count, 0.0F);
        }
        backward_block(s, part, row_range, column, count, kernel, dy, own);
      }
    }
  });
  if (rows && dkernel != nullptr) {
    std::copy_n(sums, size, dkernel);
    for (int thread = 1; thread < used; ++thread)
      accumulate(sums + thread * size, dkernel, 1.0F, size);
  }
  if (dbias != nullptr) sum_bias(s, dy, dbias);
}

}  // namespace tenon::backend::onednn
