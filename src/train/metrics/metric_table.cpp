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
