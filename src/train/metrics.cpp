#include "tenon/metrics.hpp"

#include "train/metrics/metric_function.hpp"

namespace tenon {

Metric::Metric(const std::string& word) {
  const train::MetricEntry& entry = train::metric_entry(word);
  class_name = entry.class_name;
  name = class_name == "PerClassRecall" ? "recall" : word;
}

namespace metrics {
namespace {

Metric named(const char* class_name, std::string name, const char* default_name) {
  Metric metric(class_name);
  metric.name = name.empty() ? default_name : std::move(name);
  return metric;
}

Metric with_thresholds(const char* class_name, const char* default_name, ThresholdOptions options) {
  Metric metric = named(class_name, std::move(options.name), default_name);
  metric.thresholds = std::move(options.thresholds);
  metric.top_k = options.top_k;
  metric.class_id = options.class_id;
  return metric;
}

}  // namespace

Metric Accuracy(std::string name) { return named("Accuracy", std::move(name), "accuracy"); }

Metric BinaryAccuracy(double threshold, std::string name) {
  Metric metric = named("BinaryAccuracy", std::move(name), "binary_accuracy");
  metric.thresholds = {threshold};
  return metric;
}

Metric CategoricalAccuracy(std::string name) {
  return named("CategoricalAccuracy", std::move(name), "categorical_accuracy");
}

Metric SparseCategoricalAccuracy(std::string name) {
  return named("SparseCategoricalAccuracy", std::move(name), "sparse_categorical_accuracy");
}

Metric Precision(ThresholdOptions options) {
  return with_thresholds("Precision", "precision", std::move(options));
}

Metric Recall(ThresholdOptions options) {
  return with_thresholds("Recall", "recall", std::move(options));
}

Metric AUC(AUCOptions options) {
  Metric metric = named("AUC", std::move(options.name), "auc");
  metric.num_thresholds = options.num_thresholds;
  metric.curve = std::move(options.curve);
  metric.summation_method = std::move(options.summation_method);
  metric.from_logits = options.from_logits;
  return metric;
}

Metric MeanSquaredError(std::string name) {
  return named("MeanSquaredError", std::move(name), "mean_squared_error");
}

Metric MeanAbsoluteError(std::string name) {
  return named("MeanAbsoluteError", std::move(name), "mean_absolute_error");
}

Metric PerClassRecall(std::vector<std::string> class_names) {
  Metric metric("PerClassRecall");
  metric.class_names = std::move(class_names);
  return metric;
}

}  // namespace metrics
}  // namespace tenon
