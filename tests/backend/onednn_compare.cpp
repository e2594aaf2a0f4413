#include "onednn_compare.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::backend::cases {
namespace {

void expect_close_floats(std::span<const float> actual, std::span<const float> expected,
                         const std::string& what, const Tolerance& tolerance) {
  double largest = 0.0;
  for (const float value : expected) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto a = static_cast<double>(actual[i]);
    const auto b = static_cast<double>(expected[i]);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double scale = std::max(std::abs(b), largest * 1e-3);
    ASSERT_LE(std::abs(a - b),
              tolerance.absolute + tolerance.relative * scale + tolerance.of_largest * largest)
        << what << ": element " << i << " of " << expected.size() << " is " << a << ", expected "
        << b;
  }
}

}  // namespace

void expect_close(const Tensor& actual, const Tensor& expected, const std::string& what,
                  const Tolerance& tolerance) {
  ASSERT_EQ(actual.dtype(), expected.dtype()) << what;
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  if (expected.dtype() == DType::kFloat32) {
    expect_close_floats(actual.data<float>(), expected.data<float>(), what, tolerance);
  } else {
    EXPECT_TRUE(actual.equals(expected)) << what;
  }
}

void expect_like_reference(const CaseProgram& program, const std::string& what, int threads,
                           const Tolerance& tolerance, Precision precision,
                           const std::vector<std::string>& without_passes) {
  const std::vector<Tensor> expected =
      run_case(reference_engine(), program, {.precision = precision});
  const std::vector<Tensor> actual =
      run_case(onednn_engine(), program,
               {.precision = precision, .threads = threads, .without_passes = without_passes});
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expect_close(actual[i], expected[i], what + ", result " + std::to_string(i), tolerance);
  }
}

}  // namespace tenon::backend::cases
