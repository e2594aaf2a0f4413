#include <fmt/format.h>

#include <cmath>

#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// Keras's backend.epsilon(), and what it takes for an empty class.
constexpr double kEpsilon = 1e-7;
constexpr double kEmpty = 1e-9;

/// How a place's label and prediction become class ids.
struct IdRules {
  bool sparse_prediction = false;
  std::optional<float> threshold{};  ///< Of a prediction of one probability.
  std::optional<int> ignore_class{};
};

std::int64_t id_of(float value) { return static_cast<std::int64_t>(std::lround(value)); }

/// Keras's confusion matrix, truth by prediction, and the IoUs in it.
class ConfusionMatrix : public MetricFunction {
 public:
  ConfusionMatrix(std::int64_t classes, IdRules rules, std::vector<std::size_t> targets,
                  std::vector<std::string> suffixes)
      : classes_(static_cast<std::size_t>(classes)),
        rules_(rules),
        targets_(std::move(targets)),
        suffixes_(std::move(suffixes)) {}

  std::vector<std::string> suffixes() const override { return suffixes_; }
  std::size_t state_size() const override { return classes_ * classes_; }

  void add(const MetricBatch& batch, std::span<double> state) const override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      for (std::int64_t position = 0; position < batch.positions; ++position) {
        if (rules_.threshold) {
          for (std::int64_t i = 0; i < batch.classes; ++i)
            add_binary(batch, row, position, i, state);
        } else {
          count(label(batch, row, position), predicted(batch, row, position), batch.weight(row),
                state);
        }
      }
    }
  }

  void results(std::span<const double> state, std::span<double> out) const override {
    if (suffixes_.size() > 1) {
      for (std::size_t i = 0; i < out.size(); ++i) {
        const double all = either(state, i);
        out[i] = all > kEmpty ? state[i * classes_ + i] / all : 0.0;
      }
      return;
    }
    double sum = 0.0;
    double present = 0.0;
    for (const std::size_t id : targets_) {
      const double all = either(state, id);
      sum += state[id * classes_ + id] / (all + kEpsilon);
      if (all > kEmpty) present += 1.0;
    }
    out[0] = sum / (present + kEpsilon);
  }

 private:
  void add_binary(const MetricBatch& batch, std::int64_t row, std::int64_t position,
                  std::int64_t index, std::span<double> state) const {
    const float score = batch.prediction(row, position)[static_cast<std::size_t>(index)];
    count(id_of(batch.value(row, position, index)), score >= *rules_.threshold ? 1 : 0,
          batch.weight(row), state);
  }

  std::int64_t label(const MetricBatch& batch, std::int64_t row, std::int64_t position) const {
    if (batch.has_ids() || batch.classes > 1) return batch.id(row, position);
    return id_of(batch.value(row, position, 0));
  }
  std::int64_t predicted(const MetricBatch& batch, std::int64_t row, std::int64_t position) const {
    const auto prediction = batch.prediction(row, position);
    return rules_.sparse_prediction ? id_of(prediction[0]) : argmax(prediction);
  }

  void count(std::int64_t label, std::int64_t predicted, double weight,
             std::span<double> state) const {
    const auto inside = [&](std::int64_t id) {
      return id >= 0 && id < static_cast<std::int64_t>(classes_);
    };
    if (!inside(label) || !inside(predicted) || label == rules_.ignore_class) return;
    state[static_cast<std::size_t>(label) * classes_ + static_cast<std::size_t>(predicted)] +=
        weight;
  }

  /// What is labelled or predicted as class `id`.
  double either(std::span<const double> state, std::size_t id) const {
    double sum = -state[id * classes_ + id];
    for (std::size_t i = 0; i < classes_; ++i) {
      sum += state[id * classes_ + i] + state[i * classes_ + id];
    }
    return sum;
  }

  std::size_t classes_;
  IdRules rules_;
  std::vector<std::size_t> targets_;
  std::vector<std::string> suffixes_;
};

void require_fitting_forms(const Metric& metric, const MetricSubject& subject) {
  const bool ids = subject.target_form == TargetForm::kClassIds || subject.classes == 1;
  const bool one_hot = metric.class_name.starts_with("OneHot");
  if (ids && (one_hot || metric.sparse_y_true == false)) {
    throw_unfit_metric(metric, subject, "the targets are class ids",
                       "one-hot targets, or the metric \"mean_iou\" without sparse_y_true");
  }
  if (!ids && metric.sparse_y_true == true) {
    throw_unfit_metric(metric, subject, "sparse_y_true is true, and the targets are one-hot",
                       "sparse_y_true = false");
  }
  if (metric.sparse_y_pred == true && subject.classes > 1) {
    throw_unfit_metric(metric, subject,
                       fmt::format("sparse_y_pred is true, and the output has {} numbers per place",
                                   subject.classes),
                       "sparse_y_pred = false: the largest of them is the class");
  }
}

std::int64_t class_count(const Metric& metric, const MetricSubject& subject) {
  if (metric.num_classes == 0 && subject.classes == 1) {
    throw_unfit_metric(metric, subject, "the output has one number per place",
                       "num_classes, if that number is a class id; the metric \"binary_iou\", if "
                       "it is a probability");
  }
  if (metric.num_classes < 0 || metric.num_classes == 1 ||
      (subject.classes > 1 && metric.num_classes > 0 && metric.num_classes < subject.classes)) {
    throw_unfit_metric(metric, subject, fmt::format("num_classes is {}", metric.num_classes),
                       fmt::format("{} or more", std::max<std::int64_t>(2, subject.classes)));
  }
  return metric.num_classes == 0 ? subject.classes : metric.num_classes;
}

}  // namespace

std::unique_ptr<MetricFunction> make_iou(const Metric& metric, const MetricSubject& subject) {
  if (metric.class_name == "PerClassIoU" && subject.classes == 1) {
    return std::make_unique<ConfusionMatrix>(2, IdRules{.threshold = 0.5F},
                                             std::vector<std::size_t>{},
                                             class_suffixes(metric, subject, 2));
  }
  require_fitting_forms(metric, subject);
  const std::int64_t classes = class_count(metric, subject);
  const IdRules rules{.sparse_prediction = subject.classes == 1,
                      .ignore_class = metric.ignore_class};
  if (metric.class_name == "PerClassIoU") {
    return std::make_unique<ConfusionMatrix>(classes, rules, std::vector<std::size_t>{},
                                             class_suffixes(metric, subject, classes));
  }
  return std::make_unique<ConfusionMatrix>(classes, rules, target_classes(metric, subject, classes),
                                           std::vector<std::string>{""});
}

std::unique_ptr<MetricFunction> make_binary_iou(const Metric& metric,
                                                const MetricSubject& subject) {
  if (subject.target_form == TargetForm::kClassIds) {
    throw_unfit_metric(metric, subject, "the targets are class ids",
                       "one probability per place, or the metric \"mean_iou\"");
  }
  if (metric.thresholds.size() > 1) {
    throw_unfit_metric(metric, subject,
                       fmt::format("{} thresholds were given", metric.thresholds.size()), "one");
  }
  const float threshold =
      metric.thresholds.empty() ? 0.5F : static_cast<float>(metric.thresholds.front());
  return std::make_unique<ConfusionMatrix>(2, IdRules{.threshold = threshold},
                                           target_classes(metric, subject, 2),
                                           std::vector<std::string>{""});
}

}  // namespace tenon::train
