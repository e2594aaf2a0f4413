#include <cmath>
#include <vector>

#include "backend/api/rank_meeting.hpp"
#include "backend/reference/kernel.hpp"
#include "backend/reference/loops.hpp"

namespace tenon::backend::reference {
namespace {

template <class T>
T scale_of(const T* gamma, std::int64_t channel) {
  return gamma != nullptr ? gamma[channel] : T(1);
}

/// 1 / √(variance + epsilon)
template <class T>
T inverse_deviation(const T* variance, std::int64_t channel, double epsilon) {
  return T(1) / std::sqrt(variance[channel] + static_cast<T>(epsilon));
}

/// The channels of x, which is `rows` × `channels`.
struct Extent {
  std::int64_t rows;
  std::int64_t channels;

  explicit Extent(const KernelContext& context)
      : rows(0), channels(context.input_shape(0).dim(-1)) {
    rows = channels == 0 ? 0 : context.input_size(0) / channels;
  }
};

/// y = (x − mean) / √(variance + epsilon) · gamma + beta
template <class T>
void normalize(const KernelContext& context, const T* mean, const T* variance) {
  const Extent extent(context);
  const double epsilon = context.attributes<ops::NormalizationAttributes>().epsilon;
  const T* x = context.input<T>(0);
  const T* gamma = context.input<T>(1);
  const T* beta = context.input<T>(2);
  T* y = context.output<T>(0);
  for (std::int64_t c = 0; c < extent.channels; ++c) {
    const T scale = scale_of(gamma, c) * inverse_deviation(variance, c, epsilon);
    const T offset = beta != nullptr ? beta[c] : T(0);
    for (std::int64_t i = c; i < extent.rows * extent.channels; i += extent.channels) {
      y[i] = (x[i] - mean[c]) * scale + offset;
    }
  }
}

/// nullptr where statistics are of the rows here alone.
RankMeeting* meeting_of(const KernelContext& context) {
  const bool synchronized = context.attributes<ops::NormalizationAttributes>().synchronized;
  return synchronized ? context.numbers().ranks : nullptr;
}

/// Mean and variance over the rows of all ranks.
template <class T>
void shared_statistics(const KernelContext& context, RankMeeting& ranks) {
  const Extent extent(context);
  const auto channels = static_cast<std::size_t>(extent.channels);
  const T* x = context.input<T>(0);
  std::vector<double> moments(2 * channels, 0.0);
  for (std::size_t c = 0; c < channels; ++c) {
    const T* first = x + c;
    double& mean = moments[c];
    for (std::int64_t r = 0; r < extent.rows; ++r)
      mean += static_cast<double>(first[r * extent.channels]);
    mean /= static_cast<double>(extent.rows);
    for (std::int64_t r = 0; r < extent.rows; ++r) {
      const double apart = static_cast<double>(first[r * extent.channels]) - mean;
      moments[channels + c] += apart * apart;
    }
  }
  RankSums sums{static_cast<double>(extent.rows), moments};
  combine_moments(ranks, context.node().name, sums);
  for (std::size_t c = 0; c < channels; ++c) {
    context.output<T>(1)[c] = static_cast<T>(moments[c]);
    context.output<T>(2)[c] = static_cast<T>(moments[channels + c] / sums.rows);
  }
}

template <class T>
void own_statistics(const KernelContext& context) {
  const Extent extent(context);
  const auto rows = static_cast<double>(extent.rows);
  const T* x = context.input<T>(0);
  T* mean = context.output<T>(1);
  T* variance = context.output<T>(2);
  sum_over_rows(
      extent.rows, extent.channels, [&](std::int64_t i, std::int64_t) { return x[i]; },
      [&](std::int64_t c, double sum) { mean[c] = static_cast<T>(sum / rows); });
  sum_over_rows(
      extent.rows, extent.channels,
      [&](std::int64_t i, std::int64_t c) { return (x[i] - mean[c]) * (x[i] - mean[c]); },
      [&](std::int64_t c, double sum) { variance[c] = static_cast<T>(sum / rows); });
}

template <class T>
void batch_normalization_training(const KernelContext& context) {
  if (RankMeeting* ranks = meeting_of(context)) {
    shared_statistics<T>(context, *ranks);
  } else {
    own_statistics<T>(context);
  }
  normalize<T>(context, context.output<T>(1), context.output<T>(2));
}

template <class T>
void batch_normalization_inference(const KernelContext& context) {
  normalize<T>(context, context.input<T>(3), context.input<T>(4));
}

/// The sums that both backward kernels need for one channel: Σ dy and Σ dy · x̂.
struct ChannelSums {
  double gradient = 0.0;
  double product = 0.0;
};

template <class T>
ChannelSums channel_sums(const KernelContext& context, const Extent& extent, std::int64_t c) {
  const double epsilon = context.attributes<ops::NormalizationAttributes>().epsilon;
  const T* x = context.input<T>(0);
  const T* dy = context.input<T>(1);
  const T mean = context.input<T>(3)[c];
  const T inverse = inverse_deviation(context.input<T>(4), c, epsilon);
  ChannelSums sums;
  for (std::int64_t i = c; i < extent.rows * extent.channels; i += extent.channels) {
    sums.gradient += static_cast<double>(dy[i]);
    sums.product += static_cast<double>(dy[i] * (x[i] - mean) * inverse);
  }
  return sums;
}

template <class T>
void store_parameter_gradients(const KernelContext& context, std::int64_t c,
                               const ChannelSums& sums) {
  if (T* dgamma = context.output<T>(1)) {
    dgamma[c] = static_cast<T>(sums.product);
  }
  if (T* dbeta = context.output<T>(2)) {
    dbeta[c] = static_cast<T>(sums.gradient);
  }
}

/// dx = gamma / √(variance + epsilon) · (dy − Σ dy / n − x̂ · Σ (dy · x̂) / n): mean and variance are
/// functions of x (Ioffe and Szegedy, "Batch normalization", 2015, section 3).
template <class T>
void batch_normalization_backward(const KernelContext& context) {
  const Extent extent(context);
  const double epsilon = context.attributes<ops::NormalizationAttributes>().epsilon;
  const auto channels = static_cast<std::size_t>(extent.channels);
  std::vector<double> values(2 * channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    const ChannelSums own = channel_sums<T>(context, extent, channel);
    store_parameter_gradients<T>(context, channel, own);
    values[c] = own.gradient;
    values[channels + c] = own.product;
  }
  RankSums sums{static_cast<double>(extent.rows), values};
  if (RankMeeting* ranks = meeting_of(context)) {
    combine_gradients(*ranks, context.node().name, sums);
  }
  const T* x = context.input<T>(0);
  const T* dy = context.input<T>(1);
  T* dx = context.output<T>(0);
  for (std::int64_t c = 0; dx != nullptr && c < extent.channels; ++c) {
    const T mean = context.input<T>(3)[c];
    const T inverse = inverse_deviation(context.input<T>(4), c, epsilon);
    const T scale = scale_of(context.input<T>(2), c) * inverse;
    const auto at = static_cast<std::size_t>(c);
    const T mean_gradient = static_cast<T>(values[at] / sums.rows);
    const T mean_product = static_cast<T>(values[channels + at] / sums.rows);
    for (std::int64_t i = c; i < extent.rows * extent.channels; i += extent.channels) {
      dx[i] = scale * (dy[i] - mean_gradient - (x[i] - mean) * inverse * mean_product);
    }
  }
}

/// The moving averages are constants here.
template <class T>
void batch_normalization_inference_backward(const KernelContext& context) {
  const Extent extent(context);
  const double epsilon = context.attributes<ops::NormalizationAttributes>().epsilon;
  const T* dy = context.input<T>(1);
  T* dx = context.output<T>(0);
  for (std::int64_t c = 0; c < extent.channels; ++c) {
    store_parameter_gradients<T>(context, c, channel_sums<T>(context, extent, c));
    const T scale =
        scale_of(context.input<T>(2), c) * inverse_deviation(context.input<T>(4), c, epsilon);
    for (std::int64_t i = c; dx != nullptr && i < extent.rows * extent.channels;
         i += extent.channels) {
      dx[i] = scale * dy[i];
    }
  }
}

template <class T>
void moving_average_update(const KernelContext& context) {
  const T momentum = static_cast<T>(context.attributes<ops::MovingAverageAttributes>().momentum);
  T* moving = context.variable<T>(0);
  const T* value = context.input<T>(1);
  for (std::int64_t i = 0; i < context.input_size(0); ++i) {
    moving[i] = momentum * moving[i] + (1 - momentum) * value[i];
  }
}

constexpr KernelEntry kKernels[] = {
    {ops::OpKind::kBatchNormalizationTraining, batch_normalization_training<float>,
     batch_normalization_training<double>},
    {ops::OpKind::kBatchNormalizationBackward, batch_normalization_backward<float>,
     batch_normalization_backward<double>},
    {ops::OpKind::kBatchNormalizationInference, batch_normalization_inference<float>,
     batch_normalization_inference<double>},
    {ops::OpKind::kBatchNormalizationInferenceBackward,
     batch_normalization_inference_backward<float>, batch_normalization_inference_backward<double>},
    {ops::OpKind::kMovingAverageUpdate, moving_average_update<float>,
     moving_average_update<double>},
};

}  // namespace

std::span<const KernelEntry> normalization_kernels() { return kKernels; }

}  // namespace tenon::backend::reference
