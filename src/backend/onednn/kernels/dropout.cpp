#include "backend/onednn/kernels/dropout.hpp"

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

TENON_CLONES void apply_range(const float* x, const std::uint8_t* mask, float scale, float* y,
                              std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] = mask[i] != 0 ? x[i] * scale : 0.0F;
}

}  // namespace

void apply_dropout(int threads, Numbers x, const std::uint8_t* mask, float scale, MutableNumbers y,
                   std::int64_t count) {
  for_floats_parallel<1>(threads, {x}, y, count,
                         [&](const auto& from, float* to, std::int64_t first, std::int64_t size) {
                           apply_range(from[0], mask + first, scale, to, size);
                         });
}

void apply_shared_dropout(const StridedBox& box, int threads, const float* x,
                          const std::uint8_t* mask, float scale, float* y) {
  parallel_range(threads, box.outer_count(), 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t outer = begin; outer < end; ++outer) {
      const std::int64_t at = box.offset(0, outer);
      const std::uint8_t* own = mask + box.offset(1, outer);
      const std::int64_t step = box.inner_step(1);
      for (std::int64_t i = 0; i < box.inner_count(); ++i) {
        y[at + i] = own[i * step] != 0 ? x[at + i] * scale : 0.0F;
      }
    }
  });
}

}  // namespace tenon::backend::onednn
