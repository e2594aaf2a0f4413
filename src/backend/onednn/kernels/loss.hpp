#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/op.hpp"

namespace tenon::backend::onednn {

/// Predictions of (rows, classes), where a sample has rows_per_sample rows.
struct LossInputs {
  ops::LossAttributes attributes;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  std::int64_t rows_per_sample = 1;
  const float* prediction = nullptr;
  const float* target = nullptr;            ///< (rows, classes); null for sparse losses.
  const std::int32_t* class_ids = nullptr;  ///< (rows), sparse losses only.
  const float* sample_weight = nullptr;     ///< (samples), or null.
};

/// The first row whose class id is none, or -1.
std::int64_t first_wrong_class(const LossInputs& inputs);

/// each (rows), which may be null, and the weighted total. `values` is scratch of `rows` floats.
void loss_forward(const LossInputs& inputs, int threads, float* total, float* each, float* values);

/// dprediction (rows, classes) of dtotal.
void loss_backward(const LossInputs& inputs, int threads, float dtotal, float* dprediction);

}  // namespace tenon::backend::onednn
