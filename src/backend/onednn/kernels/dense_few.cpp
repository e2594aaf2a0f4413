#include "backend/onednn/kernels/dense_few.hpp"

#include <algorithm>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// Columns at a time: their weights and gradients stay in the first cache over all rows.
constexpr std::int64_t kBlock = 1024;

TENON_CLONES float dot(const float* a, const float* b, std::int64_t count) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// The gradient of one row's x, and its share of the kernel's: dkernel += dy·x, dx = dy·w, masked.
TENON_CLONES void backward_1(const float* x, float* dx, const float* w, float* dw, float dy,
                             float slope, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = x[i];
    dw[i] += dy * value;
    const float gradient = dy * w[i];
    dx[i] = value > 0.0F ? gradient : gradient * slope;
  }
}
TENON_CLONES void accumulate(const float* x, float* y, float factor, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
}
TENON_CLONES void input_gradient(const float* x, float* dx, const float* const* w, const float* dy,
                                 std::int64_t outputs, float slope, std::int64_t count) {
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
    dx[i] = x[i] > 0.0F ? gradient : gradient * slope;
  }
}

// One block of columns of one part, rows [rows.begin, rows.end); dkernel points at (outputs,
// inputs).
void backward_block(const DenseFew& s, const DensePart& part, Range rows, std::int64_t column,
                    std::int64_t count, const float* kernel, const float* dy, float* dkernel) {
  const float slope = part.rectified ? part.slope : 1.0F;
  for (std::int64_t m = rows.begin; m < rows.end; ++m) {
    const float* x = part.x + m * part.count + column;
    float* dx = part.dx != nullptr ? part.dx + m * part.count + column : nullptr;
    const float* row_dy = dy + m * s.outputs;
    const std::int64_t place = part.first + column;
    if (s.outputs == 1 && dx != nullptr && dkernel != nullptr) {
      backward_1(x, dx, kernel + place, dkernel + place, row_dy[0], slope, count);
      continue;
    }
    const float* weights[kFewOutputs] = {};
    for (std::int64_t o = 0; o < s.outputs; ++o) {
      weights[o] = kernel + o * s.inputs + place;
      if (dkernel != nullptr) accumulate(x, dkernel + o * s.inputs + place, row_dy[o], count);
    }
    if (dx != nullptr) input_gradient(x, dx, weights, row_dy, s.outputs, slope, count);
  }
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

void forward_by_rows(const DenseFew& s, int threads, std::span<const DensePart> parts,
                     const float* kernel, const float* bias, float* y) {
  parallel_range(threads, s.rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t m = begin; m < end; ++m) {
      for (std::int64_t o = 0; o < s.outputs; ++o) {
        float sum = bias != nullptr ? bias[o] : 0.0F;
        for (const DensePart& part : parts) {
          sum += dot(part.x + m * part.count, kernel + o * s.inputs + part.first, part.count);
        }
        y[m * s.outputs + o] = sum;
      }
    }
  });
}

void forward_by_columns(const DenseFew& s, int threads, std::span<const DensePart> parts,
                        const float* kernel, const float* bias, float* y, float* sums) {
  const std::int64_t size = s.rows * s.outputs;
  parallel_parts(threads, [&](int thread) {
    float* own = sums + thread * size;
    std::fill_n(own, size, 0.0F);
    for (const DensePart& part : parts) {
      const Range range = part_of(part.count, threads, thread, 16);
      for (std::int64_t column = range.begin; column < range.end; column += kBlock) {
        const std::int64_t count = std::min(kBlock, range.end - column);
        for (std::int64_t m = 0; m < s.rows; ++m) {
          for (std::int64_t o = 0; o < s.outputs; ++o) {
            own[m * s.outputs + o] += dot(part.x + m * part.count + column,
                                          kernel + o * s.inputs + part.first + column, count);
          }
        }
      }
    }
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
                       const float* kernel, const float* bias, float* y, std::byte* scratch) {
  const int used = thread_count(s, threads);
  if (by_rows(s)) {
    forward_by_rows(s, used, parts, kernel, bias, y);
  } else {
    forward_by_columns(s, used, parts, kernel, bias, y, reinterpret_cast<float*>(scratch));
  }
}

void dense_few_backward(const DenseFew& s, int threads, std::span<const DensePart> parts,
                        const float* kernel, const float* dy, float* dkernel, float* dbias,
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
