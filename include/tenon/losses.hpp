#pragma once

#include <string>
#include <vector>

namespace tenon {

/// What is minimised for one output. A value: Keras's class name and its arguments. Keras's words:
/// binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy,
/// binary_focal_crossentropy, categorical_focal_crossentropy, dice, tversky, mean_squared_error
/// (mse, MSE), mean_absolute_error (mae, MAE), and the class names. Or a sum of such losses, see
/// losses::Sum.
struct Loss {
  Loss() = default;
  Loss(const char* name) : Loss(std::string(name)) {}  // NOLINT(google-explicit-constructor)
  Loss(const std::string& name);  // NOLINT: throws ContractError (A001), with the nearest word.

  std::string class_name{};  ///< "BinaryCrossentropy", …; "Sum"
  bool from_logits = false;
  double label_smoothing = 0.0;
  std::string reduction = "sum_over_batch_size";  ///< or "sum", "mean_with_sample_weight"
  /// Focal losses: of class 1; categorical: one number, or one per class. Empty: 0.25. Tversky:
  /// what multiplies the target that the prediction misses. Empty: 0.5.
  std::vector<double> alpha{};
  double beta = 0.5;   ///< Tversky: what multiplies the prediction beside the target.
  double gamma = 2.0;  ///< Focal losses.
  bool apply_class_balancing = false;  ///< BinaryFocalCrossentropy: alpha counts.
  /// Dice, Tversky: the axes that are summed before the quotient is taken; the other axes' losses
  /// are averaged. Empty: all, the batch included, which makes one quotient for all classes.
  std::vector<int> axis{};
  std::vector<Loss> terms{};           ///< Sum
  std::vector<double> term_weights{};  ///< Sum: as many as terms.
  std::string name() const;            ///< Snake case: "binary_crossentropy"; "dice+…"
  bool operator==(const Loss&) const = default;
};

namespace losses {
struct CrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0.0;
  std::string reduction = "sum_over_batch_size";
};
struct SparseCrossentropyOptions {
  bool from_logits = false;
  std::string reduction = "sum_over_batch_size";
};
struct RegressionOptions {
  std::string reduction = "sum_over_batch_size";
};
struct BinaryFocalOptions {
  bool apply_class_balancing = false;
  double alpha = 0.25;
  double gamma = 2.0;
  bool from_logits = false;
  double label_smoothing = 0.0;
  std::string reduction = "sum_over_batch_size";
};
struct CategoricalFocalOptions {
  std::vector<double> alpha{0.25};
  double gamma = 2.0;
  bool from_logits = false;
  double label_smoothing = 0.0;
  std::string reduction = "sum_over_batch_size";
};
struct DiceOptions {
  std::vector<int> axis{};
  std::string reduction = "sum_over_batch_size";
};
struct TverskyOptions {
  double alpha = 0.5;
  double beta = 0.5;
  std::vector<int> axis{};
  std::string reduction = "sum_over_batch_size";
};
Loss BinaryCrossentropy(CrossentropyOptions options = {});
Loss CategoricalCrossentropy(CrossentropyOptions options = {});
Loss SparseCategoricalCrossentropy(SparseCrossentropyOptions options = {});
Loss BinaryFocalCrossentropy(BinaryFocalOptions options = {});
Loss CategoricalFocalCrossentropy(CategoricalFocalOptions options = {});
Loss MeanSquaredError(RegressionOptions options = {});
Loss MeanAbsoluteError(RegressionOptions options = {});
/// 1 − 2·Σ(target·prediction) / (Σ target + Σ prediction), for one-hot or 0/1 targets. For volumes
/// (batch, depth, height, width, classes), axis {1, 2, 3} takes it of each class of each sample.
Loss Dice(DiceOptions options = {});
/// 1 − I / (I + alpha·(Σ target − I) + beta·(Σ prediction − I)) with I = Σ(target·prediction), as
/// Keras computes it.
Loss Tversky(TverskyOptions options = {});
/// Weighted losses of one output, added: Sum({Dice(), CategoricalCrossentropy()}). Without weights
/// each is taken once. All must want targets of one form. Keras's files have no such thing: they
/// are written without this output's loss.
Loss Sum(std::vector<Loss> terms, std::vector<double> weights = {});
}  // namespace losses

}  // namespace tenon
