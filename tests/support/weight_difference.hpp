#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::testing {

/// Between the float32 weights of two models, which are as many and of the same shapes.
inline double largest_difference(const std::vector<Tensor>& first,
                                 const std::vector<Tensor>& second) {
  double largest = 0.0;
  EXPECT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size() && i < second.size(); ++i) {
    const auto x = std::as_const(first[i]).data<float>();
    const auto y = std::as_const(second[i]).data<float>();
    EXPECT_EQ(x.size(), y.size());
    for (std::size_t k = 0; k < x.size() && k < y.size(); ++k)
      largest = std::max(largest, static_cast<double>(std::abs(x[k] - y[k])));
  }
  return largest;
}

}  // namespace tenon::testing
