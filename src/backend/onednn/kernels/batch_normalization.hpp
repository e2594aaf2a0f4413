#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backend/api/rank_meeting.hpp"
#include "backend/onednn/kernels/numbers.hpp"

namespace tenon::backend::onednn {

/// x of (images, blocks, rows, width), channel c being (c / width, c % width): channels last is one
/// image of one block. oneDNN's kernel for channels last is plain C++ where the channels are no
/// multiple of the vector length, and reads x once more; this one takes a relu in.
struct BatchNormalization {
  std::int64_t images = 1;
  std::int64_t blocks = 1;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  double epsilon = 1e-3;
  bool rectify = false;  ///< y = max(y, slope·y); backward: dy is masked by y, made again of x.
  float slope = 0.0F;

  std::int64_t channels() const { return blocks * width; }
  std::int64_t all_rows() const { return images * rows; }
};

// x, y, dy and dx are all float32, or all bfloat16; the rest is float32.

/// Where the statistics, or the sums of gradients, become those of all ranks' rows; without ranks
/// they are of the rows here.
struct MeetingPlace {
  RankMeeting* ranks = nullptr;
  std::string_view name{};
};

std::size_t batch_normalization_scratch(const BatchNormalization& shape);

/// Mean and biased variance per channel.
void batch_statistics(const BatchNormalization& shape, int threads, Numbers x, float* mean,
                      float* variance, std::byte* scratch, const MeetingPlace& meeting = {});

/// y = (x − mean) / √(variance + epsilon) · gamma + beta; gamma and beta may be null.
void normalize(const BatchNormalization& shape, int threads, Numbers x, const float* gamma,
               const float* beta, const float* mean, const float* variance, MutableNumbers y,
               std::byte* scratch);

/// The inputs and outputs of the backward kernels.
struct NormalizationGradient {
  Numbers x;
  Numbers dy;
  const float* gamma = nullptr;  ///< May be null.
  const float* beta = nullptr;   ///< Only where `rectify`; may be null.
  const float* mean = nullptr;
  const float* variance = nullptr;
  MutableNumbers dx;        ///< May be empty, or dy.
  float* dgamma = nullptr;  ///< May be null.
  float* dbeta = nullptr;   ///< May be null.
};

/// Of training (mean and variance are functions of x) or of inference (they are constants).
void batch_normalization_backward(const BatchNormalization& shape, int threads, bool training,
                                  const NormalizationGradient& gradient, std::byte* scratch,
                                  const MeetingPlace& meeting = {});

// Parts of the above, for kernels that do more at once. All arrays are per channel.

/// scale = gamma / √(variance + epsilon), offset = beta.
void normalization_factors(const BatchNormalization& shape, const float* gamma, const float* beta,
                           const float* variance, float* scale, float* offset);
/// Of totals = Σ dy, then Σ dy·(x − mean): dgamma and dbeta, and what makes
/// dx = scale·dy + x_factor·(x − mean) + constant. `totals` become those of all ranks.
void gradient_factors(const BatchNormalization& shape, bool training,
                      const NormalizationGradient& gradient, double* totals, float* x_factor,
                      float* constant, const MeetingPlace& meeting);

}  // namespace tenon::backend::onednn
