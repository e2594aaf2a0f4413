#include "backend/onednn/kernels/softmax.hpp"

#include <algorithm>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/vector_math.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

namespace vm = vector_math;

TENON_CLONES void forward_line(const float* x, float* y, std::int64_t count, bool logarithm) {
  float largest = x[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const float moved = x[i] - largest;
    const float power = vm::exponential(moved);
    sum += power;
    y[i] = logarithm ? moved : power;
  }
  const float log_sum = logarithm ? vm::logarithm(sum) : 0.0F;
  const float scale = logarithm ? 1.0F : 1.0F / sum;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] = y[i] * scale - log_sum;
}

TENON_CLONES void backward_line(const float* y, const float* dy, float* dx, std::int64_t count,
                                bool logarithm) {
  float sum = 0.0F;
  if (logarithm) {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < count; ++i) sum += dy[i];
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) dx[i] = dy[i] - vm::exponential(y[i]) * sum;
    return;
  }
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += dy[i] * y[i];
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) dx[i] = y[i] * (dy[i] - sum);
}

// Classes that lie `step` apart, one after another; rare, so plain.
void forward_strided(const float* x, float* y, std::int64_t count, std::int64_t step,
                     bool logarithm) {
  float largest = x[0];
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, x[i * step]);
  float sum = 0.0F;
  for (std::int64_t i = 0; i < count; ++i) sum += vm::exponential(x[i * step] - largest);
  const float log_sum = vm::logarithm(sum);
  for (std::int64_t i = 0; i < count; ++i) {
    const float moved = x[i * step] - largest;
    y[i * step] = logarithm ? moved - log_sum : vm::exponential(moved) / sum;
  }
}
void backward_strided(const float* y, const float* dy, float* dx, std::int64_t count,
                      std::int64_t step, bool logarithm) {
  float sum = 0.0F;
  for (std::int64_t i = 0; i < count; ++i) sum += dy[i * step] * (logarithm ? 1.0F : y[i * step]);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t at = i * step;
    dx[at] = logarithm ? dy[at] - vm::exponential(y[at]) * sum : y[at] * (dy[at] - sum);
  }
}

template <class Line, class Strided>
void for_each_line(const SoftmaxShape& s, int threads, const Line& line, const Strided& strided) {
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / 4 / s.classes);
  parallel_range(threads, s.outer * s.inner, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i / s.inner * s.classes * s.inner + i % s.inner;
      if (s.inner == 1) {
        line(at);
      } else {
        strided(at);
      }
    }
  });
}

}  // namespace

void softmax_forward(const SoftmaxShape& s, int threads, bool logarithm, const float* x, float* y) {
  for_each_line(
      s, threads, [&](std::int64_t at) { forward_line(x + at, y + at, s.classes, logarithm); },
      [&](std::int64_t at) { forward_strided(x + at, y + at, s.classes, s.inner, logarithm); });
}

void softmax_backward(const SoftmaxShape& s, int threads, bool logarithm, const float* y,
                      const float* dy, float* dx) {
  for_each_line(
      s, threads,
      [&](std::int64_t at) { backward_line(y + at, dy + at, dx + at, s.classes, logarithm); },
      [&](std::int64_t at) {
        backward_strided(y + at, dy + at, dx + at, s.classes, s.inner, logarithm);
      });
}

}  // namespace tenon::backend::onednn
