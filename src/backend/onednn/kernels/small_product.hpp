#pragma once

#include <cstdint>

namespace tenon::backend::onednn {

// For products so small that calling oneDNN's kernels takes longer than they run: the dense layers
// of small models. One thread.

/// c (m, n) = a (m, k) · b (k, n) + bias, then max(c, slope·c) where `rectify`; c lies in rows.
struct SmallProduct {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  const float* a = nullptr;
  std::int64_t a_row = 0;  ///< From one row to the next; the same for columns.
  std::int64_t a_column = 1;
  const float* b = nullptr;
  std::int64_t b_row = 0;
  std::int64_t b_column = 1;
  const float* bias = nullptr;  ///< (n), or null.
  bool rectify = false;
  float slope = 0.0F;
  float* c = nullptr;
  float* column_sums = nullptr;  ///< Of b (n), or null.
};

/// `scratch`: small_product_scratch floats.
void small_product(const SmallProduct& product, float* scratch);
std::int64_t small_product_scratch(const SmallProduct& product);

}  // namespace tenon::backend::onednn
