#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// What is measured of one output. A value: Keras's class name and its arguments; the running
/// numbers are kept by the training. Keras's words: accuracy (acc: binary, categorical or sparse,
/// by the output's and the target's shape), binary_accuracy, categorical_accuracy,
/// sparse_categorical_accuracy, precision, recall, auc, mse, mae; and Tenon's per_class_recall.
struct Metric {
  Metric() = default;
  Metric(const char* word) : Metric(std::string(word)) {}  // NOLINT(google-explicit-constructor)
  Metric(const std::string& word);  // NOLINT: throws ContractError (A001), with the nearest word.

  std::string class_name{};
  std::string name{};  ///< In the logs; Keras's default: "accuracy", "recall", "recall_1", …
  std::vector<double> thresholds{};  ///< precision, recall; binary_accuracy takes one (0.5)
  std::optional<int> top_k{};
  std::optional<int> class_id{};
  int num_thresholds = 200;                        ///< auc
  std::string curve = "ROC";                       ///< auc: "ROC" | "PR"
  std::string summation_method = "interpolation";  ///< auc: or "minoring", "majoring"
  bool from_logits = false;
  std::vector<std::string> class_names{};  ///< per_class_recall: names in the logs
  bool operator==(const Metric&) const = default;
};
using Metrics = std::vector<Metric>;

namespace metrics {
struct ThresholdOptions {
  std::vector<double> thresholds{};
  std::optional<int> top_k{};
  std::optional<int> class_id{};
  std::string name{};
};
struct AUCOptions {
  int num_thresholds = 200;
  std::string curve = "ROC";
  std::string summation_method = "interpolation";
  bool from_logits = false;
  std::string name{};
};
Metric Accuracy(std::string name = "accuracy");
Metric BinaryAccuracy(double threshold = 0.5, std::string name = "binary_accuracy");
Metric CategoricalAccuracy(std::string name = "categorical_accuracy");
Metric SparseCategoricalAccuracy(std::string name = "sparse_categorical_accuracy");
Metric Precision(ThresholdOptions options = {});
Metric Recall(ThresholdOptions options = {});
Metric AUC(AUCOptions options = {});
Metric MeanSquaredError(std::string name = "mean_squared_error");
Metric MeanAbsoluteError(std::string name = "mean_absolute_error");
/// The recall of every class of a softmax output: logs "recall_0", … or "recall_<class name>".
Metric PerClassRecall(std::vector<std::string> class_names = {});
}  // namespace metrics

}  // namespace tenon
