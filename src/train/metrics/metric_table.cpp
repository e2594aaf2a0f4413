#include <algorithm>

#include "train/metrics/metric_function.hpp"
#include "train/words.hpp"

namespace tenon::train {

std::span<const MetricEntry> metric_entries() {
  static const std::vector<MetricEntry> entries = {
      {"Accuracy", {"accuracy", "acc"}, true, true, make_accuracy},
      {"BinaryAccuracy", {"binary_accuracy"}, true, true, make_accuracy},
      {"CategoricalAccuracy", {"categorical_accuracy"}, true, true, make_accuracy},
      {"SparseCategoricalAccuracy", {"sparse_categorical_accuracy"}, true, true, make_accuracy},
      {"Precision", {"precision"}, true, true, make_precision},
      {"Recall", {"recall"}, true, true, make_recall},
      {"AUC", {"auc"}, true, true, make_auc},
      {"MeanSquaredError", {"mean_squared_error", "mse", "MSE"}, false, true, make_regression},
      {"MeanAbsoluteError", {"mean_absolute_error", "mae", "MAE"}, false, true, make_regression},
      {"PerClassRecall", {"per_class_recall"}, true, false, make_per_class_recall},
      {"MeanIoU", {"mean_io_u", "mean_iou"}, true, true, make_iou},
      {"IoU", {"io_u", "iou"}, true, true, make_iou},
      {"OneHotMeanIoU", {"one_hot_mean_io_u", "one_hot_mean_iou"}, true, true, make_iou},
      {"OneHotIoU", {"one_hot_io_u", "one_hot_iou"}, true, true, make_iou},
      {"BinaryIoU", {"binary_io_u", "binary_iou"}, true, true, make_binary_iou},
      {"PerClassIoU", {"per_class_iou"}, true, false, make_iou},
      {"PerClassDice", {"per_class_dice"}, true, false, make_dice},
      {"MeanDice", {"mean_dice"}, true, false, make_dice},
  };
  return entries;
}

const MetricEntry& metric_entry(std::string_view word) {
  std::vector<std::string> known;
  for (const MetricEntry& entry : metric_entries()) {
    if (word == entry.class_name || std::ranges::find(entry.words, word) != entry.words.end()) {
      return entry;
    }
    known.insert(known.end(), entry.words.begin(), entry.words.end());
  }
  for (const MetricEntry& entry : metric_entries()) known.emplace_back(entry.class_name);
  throw_unknown_word("metric", word, known);
}

}  // namespace tenon::train
