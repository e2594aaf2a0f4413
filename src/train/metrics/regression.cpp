#include <cmath>

#include "train/metrics/mean_over_rows.hpp"

namespace tenon::train {
namespace {

class MeanError : public MeanOverRows {
 public:
  explicit MeanError(bool squared) : squared_(squared) {}

 private:
  double row_value(const MetricBatch& batch, std::int64_t row) const override {
    const std::int64_t count = batch.positions * batch.classes;
    double sum = 0.0;
    for (std::int64_t i = row * count; i < (row + 1) * count; ++i) {
      const auto place = static_cast<std::size_t>(i);
      const double difference =
          static_cast<double>(batch.predictions[place]) - static_cast<double>(batch.values[place]);
      sum += squared_ ? difference * difference : std::abs(difference);
    }
    return sum / static_cast<double>(count);
  }

  bool squared_;
};

}  // namespace

std::unique_ptr<MetricFunction> make_regression(const Metric& metric,
                                                const MetricSubject& subject) {
  if (subject.target_form == TargetForm::kClassIds) {
    throw_unfit_metric(metric, subject, "the targets are class ids",
                       "targets of the output's own shape");
  }
  return std::make_unique<MeanError>(metric.class_name == "MeanSquaredError");
}

}  // namespace tenon::train
