#pragma once

#include "backend/onednn/kernels/batch_normalization.hpp"

namespace tenon::backend::onednn {

/// Elements of a window, at most.
inline constexpr std::int64_t kMostPoolingTaps = 27;

/// A batch normalisation, maybe with a relu, and a maximum over windows that lie side by side, in
/// one pass each way: what lies between them is never written. x is (images, blocks, depth, height,
/// width, channels of a block).
struct NormalizedPooling {
  BatchNormalization normalization;  ///< `rows` is depth · height · width.
  std::int64_t batch = 0;  ///< Images; normalization.images is 1 where there is one block.
  std::int64_t depth = 1, height = 0, width = 0;
  std::int64_t window_depth = 1, window_height = 0, window_width = 0;

  std::int64_t out_depth() const { return depth / window_depth; }
  std::int64_t out_height() const { return height / window_height; }
  std::int64_t out_width() const { return width / window_width; }
  std::int64_t taps() const { return window_depth * window_height * window_width; }
};

std::size_t normalized_pooling_scratch(const NormalizedPooling& shape);

/// y: the largest of each window, after the relu. `places`, unless null, gets which of its elements
/// that is, one byte each.
void normalized_pooling_forward(const NormalizedPooling& shape, int threads, const float* x,
                                const float* gamma, const float* beta, const float* mean,
                                const float* variance, float* y, std::uint8_t* places,
                                std::byte* scratch);

/// `gradient.dy` is that of the pooled y; dx may be x.
void normalized_pooling_backward(const NormalizedPooling& shape, int threads, bool training,
                                 const NormalizationGradient& gradient, const std::uint8_t* places,
                                 std::byte* scratch, const MeetingPlace& meeting = {});

}  // namespace tenon::backend::onednn
