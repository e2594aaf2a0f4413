#pragma once

#include <span>

#include "train/metrics/metric_function.hpp"

namespace tenon::train {

/// A metric that is the weighted mean over rows of one number per row (Keras's MeanMetricWrapper).
class MeanOverRows : public MetricFunction {
 public:
  std::size_t state_size() const override { return 2; }
  void add(const MetricBatch& batch, std::span<double> state) const override;
  void results(std::span<const double> state, std::span<double> out) const override;

 private:
  /// The row's own number: the mean over its positions.
  virtual double row_value(const MetricBatch& batch, std::int64_t row) const = 0;
};

}  // namespace tenon::train
