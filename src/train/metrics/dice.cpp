#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// MONAI's DiceMetric: the Dice coefficient of each sample and class, averaged over the samples in
/// which the class occurs. A prediction is the class with the largest number, or what is above 0.5
/// where there is one.
class Dice : public MetricFunction {
 public:
  Dice(std::int64_t classes, std::vector<std::size_t> targets, std::vector<std::string> suffixes)
      : classes_(static_cast<std::size_t>(classes)),
        targets_(std::move(targets)),
        suffixes_(std::move(suffixes)) {}

  std::vector<std::string> suffixes() const override { return suffixes_; }
  /// Per class: the weighted sum of coefficients, and of weights.
  std::size_t state_size() const override { return 2 * classes_; }

  void add(const MetricBatch& batch, std::span<double> state) const override {
    std::vector<Counts> counts(classes_);
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      counts.assign(classes_, {});
      count_row(batch, row, counts);
      for (std::size_t i = 0; i < classes_; ++i) {
        if (counts[i].truth == 0.0) continue;
        state[2 * i] +=
            batch.weight(row) * 2.0 * counts[i].both / (counts[i].truth + counts[i].predicted);
        state[2 * i + 1] += batch.weight(row);
      }
    }
  }

  void results(std::span<const double> state, std::span<double> out) const override {
    const auto coefficient = [&](std::size_t i) {
      return state[2 * i + 1] == 0.0 ? 0.0 : state[2 * i] / state[2 * i + 1];
    };
    if (suffixes_.size() > 1) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = coefficient(i);
      return;
    }
    double sum = 0.0;
    double present = 0.0;
    for (const std::size_t i : targets_) {
      if (state[2 * i + 1] == 0.0) continue;
      sum += coefficient(i);
      present += 1.0;
    }
    out[0] = present == 0.0 ? 0.0 : sum / present;
  }

 private:
  struct Counts {
    double both = 0.0;
    double truth = 0.0;
    double predicted = 0.0;
  };

  void count_row(const MetricBatch& batch, std::int64_t row, std::vector<Counts>& counts) const {
    const bool binary = batch.classes == 1;
    const auto inside = [&](std::int64_t id) {
      return id >= 0 && id < static_cast<std::int64_t>(classes_);
    };
    for (std::int64_t position = 0; position < batch.positions; ++position) {
      const auto prediction = batch.prediction(row, position);
      const std::int64_t predicted = binary ? (prediction[0] > 0.5F ? 1 : 0) : argmax(prediction);
      const std::int64_t label =
          binary ? (batch.value(row, position, 0) > 0.5F ? 1 : 0) : batch.id(row, position);
      if (inside(label)) counts[static_cast<std::size_t>(label)].truth += 1.0;
      if (inside(predicted)) counts[static_cast<std::size_t>(predicted)].predicted += 1.0;
      if (inside(label) && label == predicted) counts[static_cast<std::size_t>(label)].both += 1.0;
    }
  }

  std::size_t classes_;
  std::vector<std::size_t> targets_;
  std::vector<std::string> suffixes_;
};

}  // namespace

std::unique_ptr<MetricFunction> make_dice(const Metric& metric, const MetricSubject& subject) {
  const std::int64_t classes = subject.classes == 1 ? 2 : subject.classes;
  const bool each = metric.class_name == "PerClassDice";
  return std::make_unique<Dice>(
      classes, target_classes(metric, subject, classes),
      each ? class_suffixes(metric, subject, classes) : std::vector<std::string>{""});
}

}  // namespace tenon::train
