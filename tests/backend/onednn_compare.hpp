#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/api/engine.hpp"
#include "op_cases.hpp"

namespace tenon::backend::cases {

/// Tests of the engine are skipped where it was not built in.
class OnednnTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_onednn_engine()) GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
  }
};
template <class T>
class OnednnTestWithParam : public testing::TestWithParam<T> {
 protected:
  void SetUp() override {
    if (!has_onednn_engine()) GTEST_SKIP() << "skipped: built with -DTENON_WITH_ONEDNN=OFF";
  }
};

/// How far two float32 results may be apart: |a − b| <= absolute + relative · |b|, where |b| is the
/// larger of the element's and a thousandth of the tensor's largest.
struct Tolerance {
  double absolute = 2e-6;
  double relative = 2e-4;
  double of_largest = 0.0;  ///< That share of the tensor's largest element more.
};
/// For results of mixed bfloat16, which keeps 8 bits: two sums that differ in the last bit of a
/// float may be rounded to neighbours, 1/128 apart.
inline constexpr Tolerance kBFloat16Tolerance{
    .absolute = 1e-6, .relative = 0.008, .of_largest = 0.004};

void expect_close(const Tensor& actual, const Tensor& expected, const std::string& what,
                  const Tolerance& tolerance = {});

/// Runs the program on both engines and compares all outputs and variables.
void expect_like_reference(const CaseProgram& program, const std::string& what, int threads = 0,
                           const Tolerance& tolerance = {},
                           Precision precision = Precision::kFloat32,
                           const std::vector<std::string>& without_passes = {});

}  // namespace tenon::backend::cases
