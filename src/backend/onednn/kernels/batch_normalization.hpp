#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::backend::onednn {

/// x of (rows, channels), channels last. oneDNN's kernel for this layout is plain C++ where the
/// channels are no multiple of the vector length; this one is not, and takes a relu in.
struct BatchNormalization {
  std::int64_t rows = 0;
  std::int64_t channels = 0;
  double epsilon = 1e-3;
  bool rectify = false;  ///< y = max(y, slope·y); backward: dy is masked by y.
  float slope = 0.0F;
};

std::size_t batch_normalization_scratch(const BatchNormalization& shape);

/// Mean and biased variance per channel.
void batch_statistics(const BatchNormalization& shape, int threads, const float* x, float* mean,
                      float* variance, std::byte* scratch);

/// y = (x − mean) / √(variance + epsilon) · gamma + beta; gamma and beta may be null.
void normalize(const BatchNormalization& shape, int threads, const float* x, const float* gamma,
               const float* beta, const float* mean, const float* variance, float* y,
               std::byte* scratch);

/// The inputs and outputs of the backward kernels.
struct NormalizationGradient {
  const float* x = nullptr;
  const float* y = nullptr;  ///< Only where `rectify`.
  const float* dy = nullptr;
  const float* gamma = nullptr;  ///< May be null.
  const float* mean = nullptr;
  const float* variance = nullptr;
  float* dx = nullptr;      ///< May be null, or dy.
  float* dgamma = nullptr;  ///< May be null.
  float* dbeta = nullptr;   ///< May be null.
};

/// Of training (mean and variance are functions of x) or of inference (they are constants).
void batch_normalization_backward(const BatchNormalization& shape, int threads, bool training,
                                  const NormalizationGradient& gradient, std::byte* scratch);

}  // namespace tenon::backend::onednn
