#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// What is measured of one output. A value: Keras's class name and its arguments; the running
/// numbers are kept by the training. Keras's words: accuracy (acc: binary, categorical or sparse,
/// by the output's and the target's shape), binary_accuracy, categorical_accuracy,
/// sparse_categorical_accuracy, precision, recall, auc, mse, mae, mean_iou, iou, one_hot_mean_iou,
/// one_hot_iou, binary_iou; and Tenon's per_class_recall, per_class_iou, per_class_dice, mean_dice.
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
  std::vector<std::string> class_names{};  ///< per_class_…: names in the logs
  int num_classes = 0;                     ///< iou, mean_iou; 0: as many as the output has
  std::vector<int> target_class_ids{};     ///< iou, mean_dice: averaged; empty: all
  std::optional<int> ignore_class{};       ///< iou: a label that does not count
  /// iou: targets and predictions are class ids, not one number per class. Unset: what their shapes
  /// say (Keras's true reads probabilities as ids).
  std::optional<bool> sparse_y_true{};
  std::optional<bool> sparse_y_pred{};
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
struct IoUOptions {
  int num_classes = 0;
  std::vector<int> target_class_ids{};
  std::optional<int> ignore_class{};
  std::optional<bool> sparse_y_true{};
  std::optional<bool> sparse_y_pred{};
  std::string name{};
};
struct BinaryIoUOptions {
  std::vector<int> target_class_ids{0, 1};
  double threshold = 0.5;
  std::string name{};
};
struct MeanDiceOptions {
  std::vector<int> target_class_ids{};
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
/// Intersections over unions, of one confusion matrix over all data, averaged over the classes that
/// occur (target_class_ids: over these).
Metric IoU(IoUOptions options = {});
Metric MeanIoU(IoUOptions options = {});
/// As MeanIoU and IoU, of one-hot targets.
Metric OneHotMeanIoU(IoUOptions options = {});
Metric OneHotIoU(IoUOptions options = {});
/// Of one probability per place.
Metric BinaryIoU(BinaryIoUOptions options = {});
/// The IoU of every class: logs "iou_0", … or "iou_<class name>".
Metric PerClassIoU(std::vector<std::string> class_names = {});
/// 2·|truth ∩ prediction| / (|truth| + |prediction|) of every class, as MONAI's DiceMetric: of each
/// sample that has the class, averaged over these. Logs "dice_0", … or "dice_<class name>".
Metric PerClassDice(std::vector<std::string> class_names = {});
/// The mean of these over the classes.
Metric MeanDice(MeanDiceOptions options = {});
}  // namespace metrics

}  // namespace tenon
