#include "backend/onednn/kernels/reduce.hpp"

#include <algorithm>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/strided.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

// The partition of the sums: by the shape alone, never by the number of threads.
constexpr int kMostParts = 32;
constexpr std::int64_t kRowsAtATime = 64;
constexpr std::int64_t kShortestLine = 256;

TENON_CLONES float sum_line(const float* x, std::int64_t count) {
  // In stretches, so that the error does not grow with the count.
  double total = 0.0;
  for (std::int64_t i = 0; i < count; i += 1024) {
    const std::int64_t end = std::min(count, i + 1024);
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t k = i; k < end; ++k) sum += x[k];
    total += static_cast<double>(sum);
  }
  return static_cast<float>(total);
}

TENON_CLONES void add_line(const float* x, float* sums, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) sums[i] += x[i];
}

TENON_CLONES void widen_line(const float* x, double* sums, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) sums[i] += static_cast<double>(x[i]);
}

int part_count(const Reduction& r) {
  return useful_threads(kMostParts, r.rows * r.inner, kElementGrain);
}

// Narrow rows are taken several at a time, as one long row.
std::int64_t rows_together(std::int64_t inner) {
  return std::max<std::int64_t>(1, kShortestLine / inner);
}

// Sums `rows` rows into `own` by way of short float sums: `wide` and `block` are as long as the
// rows that are taken together.
void sum_part(const float* x, std::int64_t rows, std::int64_t inner, double* own, double* wide,
              float* block) {
  const std::int64_t together = rows_together(inner);
  const std::int64_t length = together * inner;
  const std::int64_t lines = rows / together;
  std::fill_n(wide, length, 0.0);
  for (std::int64_t first = 0; first < lines; first += kRowsAtATime) {
    const std::int64_t last = std::min(lines, first + kRowsAtATime);
    std::copy_n(x + first * length, length, block);
    for (std::int64_t r = first + 1; r < last; ++r) add_line(x + r * length, block, length);
    widen_line(block, wide, length);
  }
  std::fill_n(own, inner, 0.0);
  for (std::int64_t k = 0; k < together; ++k) {
    for (std::int64_t i = 0; i < inner; ++i) own[i] += wide[k * inner + i];
  }
  for (std::int64_t r = lines * together; r < rows; ++r) widen_line(x + r * inner, own, inner);
}

void reduce_general(const Reduction& r, const float* x, float* y) {
  const std::int64_t outputs = r.to.element_count();
  std::fill_n(y, outputs, 0.0F);
  const StridedBox box(r.from.dims(), {dense_steps(r.from), broadcast_steps(r.to, r.from)});
  for (std::int64_t outer = 0; outer < box.outer_count(); ++outer) {
    const float* from = x + box.offset(0, outer);
    float* to = y + box.offset(1, outer);
    if (box.inner_step(1) == 0) {
      *to += sum_line(from, box.inner_count());
    } else {
      add_line(from, to, box.inner_count());
    }
  }
}

void reduce_columns(const Reduction& r, int threads, const float* x, float* y, std::byte* scratch) {
  const int parts = part_count(r);
  auto* sums = reinterpret_cast<double*>(scratch);
  const std::int64_t length = rows_together(r.inner) * r.inner;
  double* wide = sums + parts * r.inner;
  auto* blocks = reinterpret_cast<float*>(wide + parts * length);
  for (std::int64_t o = 0; o < r.outer; ++o) {
    const float* from = x + o * r.rows * r.inner;
    parallel_range(std::min(threads, parts), parts, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t part = begin; part < end; ++part) {
        const Range rows = part_of(r.rows, parts, static_cast<int>(part));
        sum_part(from + rows.begin * r.inner, rows.end - rows.begin, r.inner, sums + part * r.inner,
                 wide + part * length, blocks + part * length);
      }
    });
    for (std::int64_t i = 0; i < r.inner; ++i) {
      double sum = 0.0;
      for (int part = 0; part < parts; ++part) sum += sums[part * r.inner + i];
      y[o * r.inner + i] = static_cast<float>(sum);
    }
  }
}

}  // namespace

Reduction reduction_of(const Shape& from, const Shape& to) {
  Reduction r;
  r.from = from;
  r.to = to;
  const std::vector<std::int64_t> kept = broadcast_steps(to, from);
  int state = 0;  // 0: axes before those summed over, 1: these, 2: behind them
  r.simple = true;
  for (std::size_t axis = 0; axis < kept.size(); ++axis) {
    if (from[axis] == 1) continue;
    const bool summed = kept[axis] == 0;
    if (summed && state == 0) state = 1;
    if (!summed && state == 1) state = 2;
    if (summed && state == 2) r.simple = false;
    (state == 0 ? r.outer : (state == 1 ? r.rows : r.inner)) *= from[axis];
  }
  return r;
}

std::size_t reduction_scratch(const Reduction& r) {
  const std::int64_t length = rows_together(r.inner) * r.inner;
  return static_cast<std::size_t>(part_count(r)) *
         (static_cast<std::size_t>(r.inner + length) * sizeof(double) +
          static_cast<std::size_t>(length) * sizeof(float));
}

void reduce_sum(const Reduction& r, int threads, const float* x, float* y, std::byte* scratch) {
  if (!r.simple) return reduce_general(r, x, y);
  if (r.inner > 1 || r.outer == 1) return reduce_columns(r, threads, x, y, scratch);
  parallel_range(threads, r.outer, std::max<std::int64_t>(1, kElementGrain / r.rows),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t o = begin; o < end; ++o)
                     y[o] = sum_line(x + o * r.rows, r.rows);
                 });
}

void sum_rows(int threads, const float* x, std::int64_t rows, std::int64_t columns, float* y,
              std::byte* scratch) {
  Reduction r;
  r.simple = true;
  r.rows = rows;
  r.inner = columns;
  reduce_columns(r, threads, x, y, scratch);
}

}  // namespace tenon::backend::onednn
