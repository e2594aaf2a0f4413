#include <fmt/format.h>

#include "train/metrics/mean_over_rows.hpp"

namespace tenon::train {
namespace {

class BinaryAccuracy : public MeanOverRows {
 public:
  explicit BinaryAccuracy(float threshold) : threshold_(threshold) {}

 private:
  double row_value(const MetricBatch& batch, std::int64_t row) const override {
    double equal = 0.0;
    for (std::int64_t position = 0; position < batch.positions; ++position) {
      const auto prediction = batch.prediction(row, position);
      for (std::int64_t i = 0; i < batch.classes; ++i) {
        const float side = prediction[static_cast<std::size_t>(i)] > threshold_ ? 1.0F : 0.0F;
        if (side == batch.value(row, position, i)) equal += 1.0;
      }
    }
    return equal / static_cast<double>(batch.positions * batch.classes);
  }

  float threshold_;
};

/// Class ids and one-hot vectors alike.
class CategoricalAccuracy : public MeanOverRows {
  double row_value(const MetricBatch& batch, std::int64_t row) const override {
    double equal = 0.0;
    for (std::int64_t position = 0; position < batch.positions; ++position) {
      if (argmax(batch.prediction(row, position)) == batch.id(row, position)) equal += 1.0;
    }
    return equal / static_cast<double>(batch.positions);
  }
};

/// Keras's choice for the word "accuracy", by the shapes.
std::string_view chosen_class(const Metric& metric, const MetricSubject& subject) {
  if (metric.class_name != "Accuracy") return metric.class_name;
  if (subject.target_form == TargetForm::kClassIds) return "SparseCategoricalAccuracy";
  return subject.classes == 1 ? "BinaryAccuracy" : "CategoricalAccuracy";
}

}  // namespace

std::unique_ptr<MetricFunction> make_accuracy(const Metric& metric, const MetricSubject& subject) {
  const std::string_view name = chosen_class(metric, subject);
  const bool ids = subject.target_form == TargetForm::kClassIds;
  if (name == "BinaryAccuracy") {
    if (ids)
      throw_unfit_metric(metric, subject, "the targets are class ids",
                         "sparse_categorical_accuracy for them");
    if (metric.thresholds.size() > 1) {
      throw_unfit_metric(metric, subject,
                         fmt::format("{} thresholds were given", metric.thresholds.size()), "one");
    }
    return std::make_unique<BinaryAccuracy>(
        metric.thresholds.empty() ? 0.5F : static_cast<float>(metric.thresholds.front()));
  }
  if (name == "SparseCategoricalAccuracy" && !ids) {
    throw_unfit_metric(metric, subject, "the targets have the output's own shape",
                       "class ids (a loss of sparse_categorical_crossentropy), or the metric "
                       "\"accuracy\", which is chosen by shape");
  }
  if (name == "CategoricalAccuracy" && ids) {
    throw_unfit_metric(metric, subject, "the targets are class ids",
                       "one-hot targets, or the metric \"sparse_categorical_accuracy\"");
  }
  return std::make_unique<CategoricalAccuracy>();
}

}  // namespace tenon::train
