#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/shape.hpp"

namespace tenon::backend::onednn {

/// x seen as (outer, rows, inner) summed over rows, or over a set of axes that is none such.
struct Reduction {
  bool simple = false;  ///< One run of neighbouring axes is summed over.
  std::int64_t outer = 1;
  std::int64_t rows = 1;
  std::int64_t inner = 1;
  Shape from;
  Shape to;
};

/// `to` broadcasts to `from`.
Reduction reduction_of(const Shape& from, const Shape& to);
std::size_t reduction_scratch(const Reduction& reduction);

/// y = Σ x; the same whatever the number of threads.
void reduce_sum(const Reduction& reduction, int threads, const float* x, float* y,
                std::byte* scratch);

/// Per column of x (rows, columns), the sum over rows, in `scratch` of reduction_scratch's size.
void sum_rows(int threads, const float* x, std::int64_t rows, std::int64_t columns, float* y,
              std::byte* scratch);

}  // namespace tenon::backend::onednn
