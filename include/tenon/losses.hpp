#pragma once

#include <string>

namespace tenon {

/// What is minimised for one output. A value: Keras's class name and its arguments. Keras's words:
/// binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy,
/// mean_squared_error (mse, MSE), mean_absolute_error (mae, MAE), and the class names.
struct Loss {
  Loss() = default;
  Loss(const char* name) : Loss(std::string(name)) {}  // NOLINT(google-explicit-constructor)
  Loss(const std::string& name);  // NOLINT: throws ContractError (A001), with the nearest word.

  std::string class_name{};  ///< "BinaryCrossentropy", …
  bool from_logits = false;
  double label_smoothing = 0.0;
  std::string reduction = "sum_over_batch_size";  ///< or "sum", "mean_with_sample_weight"
  std::string name() const;                       ///< Snake case: "binary_crossentropy"
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
Loss BinaryCrossentropy(CrossentropyOptions options = {});
Loss CategoricalCrossentropy(CrossentropyOptions options = {});
Loss SparseCategoricalCrossentropy(SparseCrossentropyOptions options = {});
Loss MeanSquaredError(RegressionOptions options = {});
Loss MeanAbsoluteError(RegressionOptions options = {});
}  // namespace losses

}  // namespace tenon
