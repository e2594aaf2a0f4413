#include <fmt/format.h>

#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// The share of each class's samples that were predicted as it: by the largest probability, or by
/// rounding where the output is one probability.
class PerClassRecall : public MetricFunction {
 public:
  PerClassRecall(std::int64_t classes, std::vector<std::string> names)
      : binary_(classes == 1),
        classes_(static_cast<std::size_t>(binary_ ? 2 : classes)),
        names_(std::move(names)) {}

  std::vector<std::string> suffixes() const override {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < classes_; ++i) {
      out.push_back("_" + (names_.empty() ? std::to_string(i) : names_[i]));
    }
    return out;
  }

  std::size_t state_size() const override { return 2 * classes_; }

  void add(const MetricBatch& batch, std::span<double> state) const override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      for (std::int64_t position = 0; position < batch.positions; ++position) {
        const auto prediction = batch.prediction(row, position);
        const std::int64_t predicted =
            binary_ ? (prediction[0] > 0.5F ? 1 : 0) : argmax(prediction);
        const std::int64_t label =
            binary_ ? (batch.value(row, position, 0) > 0.5F ? 1 : 0) : batch.id(row, position);
        if (label < 0 || label >= static_cast<std::int64_t>(classes_)) continue;
        const auto slot = 2 * static_cast<std::size_t>(label);
        if (predicted == label) state[slot] += batch.weight(row);
        state[slot + 1] += batch.weight(row);
      }
    }
  }

  void results(std::span<const double> state, std::span<double> out) const override {
    for (std::size_t i = 0; i < classes_; ++i) {
      out[i] = state[2 * i + 1] == 0.0 ? 0.0 : state[2 * i] / state[2 * i + 1];
    }
  }

 private:
  bool binary_;
  std::size_t classes_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<MetricFunction> make_per_class_recall(const Metric& metric,
                                                      const MetricSubject& subject) {
  const std::int64_t classes = subject.classes == 1 ? 2 : subject.classes;
  if (!metric.class_names.empty() &&
      static_cast<std::int64_t>(metric.class_names.size()) != classes) {
    throw_unfit_metric(metric, subject,
                       fmt::format("{} class names were given", metric.class_names.size()),
                       fmt::format("{}, one per class", classes));
  }
  return std::make_unique<PerClassRecall>(subject.classes, metric.class_names);
}

}  // namespace tenon::train
