#pragma once

#include <string>

namespace tenon {

/// A penalty on a weight: l1·Σ|w| + l2·Σw², added to the loss. l1 = l2 = 0 is none.
struct Regularizer {
  Regularizer() = default;
  Regularizer(const char* name);  // NOLINT: "l1", "l2", "l1_l2" with Keras's default 0.01.
  Regularizer(double l1_factor, double l2_factor) : l1(l1_factor), l2(l2_factor) {}
  double l1 = 0.0;
  double l2 = 0.0;
  bool active() const noexcept { return l1 != 0.0 || l2 != 0.0; }
  bool operator==(const Regularizer&) const = default;
};

namespace regularizers {
Regularizer L1(double l1 = 0.01);
Regularizer L2(double l2 = 0.01);
Regularizer L1L2(double l1 = 0.0, double l2 = 0.0);
}  // namespace regularizers

}  // namespace tenon
