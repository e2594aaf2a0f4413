#include "tenon/metrics.hpp"

#include "train/metrics/metric_function.hpp"

namespace tenon {

Metric::Metric(const std::string& word) {
  const train::MetricEntry& entry = train::metric_entry(word);
  class_name = entry.class_name;
  name = word;
  if (class_name == "PerClassRecall") name = "recall";
  if (class_name == "PerClassIoU") name = "iou";
  if (class_name == "PerClassDice") name = "dice";
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

namespace {

Metric of_classes(const char* class_name, std::vector<std::string> class_names) {
  Metric metric(class_name);
  metric.class_names = std::move(class_names);
  return metric;
}

Metric iou(const char* class_name, const char* default_name, IoUOptions options) {
  Metric metric = named(class_name, std::move(options.name), default_name);
  metric.num_classes = options.num_classes;
  metric.target_class_ids = std::move(options.target_class_ids);
  metric.ignore_class = options.ignore_class;
  metric.sparse_y_true = options.sparse_y_true;
  metric.sparse_y_pred = options.sparse_y_pred;
  return metric;
}

}  // namespace

Metric IoU(IoUOptions options) { return iou("IoU", "io_u", std::move(options)); }
Metric MeanIoU(IoUOptions options) { return iou("MeanIoU", "mean_io_u", std::move(options)); }
Metric OneHotMeanIoU(IoUOptions options) {
  return iou("OneHotMeanIoU", "one_hot_mean_io_u", std::move(options));
}
Metric OneHotIoU(IoUOptions options) {
  return iou("OneHotIoU", "one_hot_io_u", std::move(options));
}

Metric BinaryIoU(BinaryIoUOptions options) {
  Metric metric = named("BinaryIoU", std::move(options.name), "binary_io_u");
  metric.target_class_ids = std::move(options.target_class_ids);
  metric.thresholds = {options.threshold};
  return metric;
}

Metric PerClassIoU(std::vector<std::string> class_names) {
  return of_classes("PerClassIoU", std::move(class_names));
}
Metric PerClassDice(std::vector<std::string> class_names) {
  return of_classes("PerClassDice", std::move(class_names));
}

Metric MeanDice(MeanDiceOptions options) {
  Metric metric = named("MeanDice", std::move(options.name), "mean_dice");
  metric.target_class_ids = std::move(options.target_class_ids);
  return metric;
}

Metric PerClassRecall(std::vector<std::string> class_names) {
  return of_classes("PerClassRecall", std::move(class_names));
}

}  // namespace metrics
}  // namespace tenon
