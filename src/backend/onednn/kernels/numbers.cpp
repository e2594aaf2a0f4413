#include "backend/onednn/kernels/numbers.hpp"

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/bfloat16.hpp"

namespace tenon::backend::onednn {
namespace {

TENON_CLONES void widen_range(const std::uint16_t* from, float* to, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) to[i] = widened(from[i]);
}
TENON_CLONES void narrow_range(const float* from, std::uint16_t* to, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) to[i] = narrowed(from[i]);
}

TENON_CLONES void round_range(const float* from, float* to, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) to[i] = widened(narrowed(from[i]));
}

}  // namespace

void round_to_bfloat16(int threads, const float* from, float* to, std::int64_t count) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        round_range(from + begin, to + begin, end - begin);
      },
      16);
}

void widen(const std::uint16_t* from, float* to, std::int64_t count) {
  widen_range(from, to, count);
}

void narrow(const float* from, std::uint16_t* to, std::int64_t count) {
  narrow_range(from, to, count);
}

}  // namespace tenon::backend::onednn
