#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

// Functions for loops that the compiler turns into vector code: no branches, no calls. Errors are
// within a few units in the last place; classic range reductions with minimax polynomials
// (S. Moshier's Cephes gives the coefficients of exp, log and tanh).
namespace tenon::backend::onednn::vector_math {

#define TENON_INLINE inline __attribute__((always_inline))

/// e^x; 0 below -87.3, infinity above 88.7.
TENON_INLINE float exponential(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 · 2^23: adding it rounds to an integer
  const float clamped = x < -87.3F ? -87.3F : (x > 88.72F ? 88.72F : x);
  const float shifted = clamped * 1.44269504088896341F + kRound;
  const float n = shifted - kRound;
  float r = clamped - n * 0.693359375F;
  r = r + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  // 2^n in two factors, as n may be 128.
  const auto whole = static_cast<std::int32_t>(n);
  const std::int32_t half = whole >> 1;
  const float scale_1 = std::bit_cast<float>((half + 127) << 23);
  const float scale_2 = std::bit_cast<float>((whole - half + 127) << 23);
  const float y = p * scale_1 * scale_2;
  const float low = x < -87.3F ? 0.0F : y;
  const float high = x > 88.72F ? std::bit_cast<float>(0x7f800000) : low;
  return x != x ? x : high;
}

/// ln x of a positive normal number; -infinity for 0, NaN below.
TENON_INLINE float logarithm(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  std::int32_t exponent = (bits >> 23) - 126;
  float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  const bool low = m < 0.707106781186547524F;
  exponent = low ? exponent - 1 : exponent;
  m = low ? m + m - 1.0F : m - 1.0F;
  const float z = m * m;
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  p = p * m * z;
  const auto e = static_cast<float>(exponent);
  p = p + e * -2.12194440e-4F - 0.5F * z;
  const float y = m + p + e * 0.693359375F;
  const float zero = x == 0.0F ? -std::bit_cast<float>(0x7f800000) : y;
  const float infinite = x > 3.4028234e38F ? x : zero;
  return x < 0.0F || x != x ? std::bit_cast<float>(0x7fc00000) : infinite;
}

/// ln(1 + x) for x >= 0 (exact near 0).
TENON_INLINE float logarithm_1p(float x) {
  const float u = 1.0F + x;
  const float difference = u - 1.0F;
  const float y = logarithm(u) * (x / (difference == 0.0F ? 1.0F : difference));
  return difference == 0.0F ? x : y;
}

/// e^x - 1 (exact near 0).
TENON_INLINE float exponential_minus_1(float x) {
  float p = 1.9875691500e-4F;
  p = p * x + 1.3981999507e-3F;
  p = p * x + 8.3334519073e-3F;
  p = p * x + 4.1665795894e-2F;
  p = p * x + 1.6666665459e-1F;
  p = p * x + 5.0000001201e-1F;
  p = p * x * x + x;
  const float far = exponential(x) - 1.0F;
  return x > -0.34F && x < 0.34F ? p : far;
}

TENON_INLINE float sigmoid(float x) { return 1.0F / (1.0F + exponential(-x)); }

TENON_INLINE float hyperbolic_tangent(float x) {
  const float a = x < 0.0F ? -x : x;
  const float far = 1.0F - 2.0F / (exponential(a + a) + 1.0F);
  const float z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  p = p * z * x + x;
  const float signed_far = x < 0.0F ? -far : far;
  return a < 0.625F ? p : signed_far;
}

/// The error function; absolute error below 3e-7 (Abramowitz and Stegun 7.1.26; a series near 0).
TENON_INLINE float error_function(float x) {
  const float a = x < 0.0F ? -x : x;
  const float t = 1.0F / (1.0F + 0.3275911F * a);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float far = 1.0F - p * t * exponential(-a * a);
  const float z = x * x;
  float q = -7.57575757576e-4F;
  q = q * z + 4.62962962963e-3F;
  q = q * z - 2.38095238095e-2F;
  q = q * z + 0.1F;
  q = q * z - 3.33333333333e-1F;
  const float near = 1.12837916709551F * (x + x * z * q);
  const float signed_far = x < 0.0F ? -far : far;
  return a < 0.5F ? near : signed_far;
}

/// ln(1 + e^x) without overflow.
TENON_INLINE float softplus(float x) {
  const float a = x < 0.0F ? -x : x;
  const float positive = x > 0.0F ? x : 0.0F;
  return positive + logarithm_1p(exponential(-a));
}

}  // namespace tenon::backend::onednn::vector_math
