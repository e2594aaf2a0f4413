#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// The share of each class's samples that were predicted as it: by the largest probability, or by
/// rounding where the output is one probability.
class PerClassRecall : public MetricFunction {
 public:
  PerClassRecall(std::int64_t classes, std::vector<std::string> suffixes)
      : binary_(classes == 1),
        classes_(static_cast<std::size_t>(binary_ ? 2 : classes)),
        suffixes_(std::move(suffixes)) {}

  std::vector<std::string> suffixes() const override { return suffixes_; }

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
  std::vector<std::string> suffixes_;
};

}  // namespace

std::unique_ptr<MetricFunction> make_per_class_recall(const Metric& metric,
                                                      const MetricSubject& subject) {
  const std::int64_t classes = subject.classes == 1 ? 2 : subject.classes;
  return std::make_unique<PerClassRecall>(subject.classes,
                                          class_suffixes(metric, subject, classes));
}

}  // namespace tenon::train
