#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/op.hpp"
#include "tenon/shape.hpp"

namespace tenon::backend::onednn {

/// Which sums the elements of a prediction belong to, worked out once for a plan. Elements lie as
/// (outer, inner, classes), where all of `inner` is summed.
struct OverlapLayout {
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  std::int64_t classes = 1;
  bool class_kept = false;                  ///< Each class has sums of its own.
  std::vector<std::int64_t> first_group{};  ///< Of each outer index; a kept class is added.
  std::int64_t groups = 1;
  std::int64_t samples = 1;
  bool per_sample = false;  ///< Each sample has sums of its own.
};
OverlapLayout overlap_layout(const Shape& prediction, const std::vector<int>& axes);

struct OverlapInputs {
  const ops::LossAttributes* attributes = nullptr;
  const OverlapLayout* layout = nullptr;
  const float* prediction = nullptr;
  const float* target = nullptr;
  const float* sample_weight = nullptr;  ///< (samples), or null.
};

/// Bytes that both functions want of `scratch`, aligned as a double.
std::size_t overlap_scratch_bytes(const OverlapLayout& layout);
/// The weighted total; each (rows) may be null.
void overlap_forward(const OverlapInputs& inputs, int threads, float* total, float* each,
                     void* scratch);
void overlap_backward(const OverlapInputs& inputs, int threads, float dtotal, float* dprediction,
                      void* scratch);

}  // namespace tenon::backend::onednn
