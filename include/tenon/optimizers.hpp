#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tenon {

/// How weights are updated. A value: Keras's class name and its arguments; the slots (momenta) are
/// kept by the training. Keras's words: "sgd", "adam", "adamw", "rmsprop", with Keras's defaults.
struct Optimizer {
  Optimizer() : Optimizer("rmsprop") {}
  Optimizer(const char* name) : Optimizer(std::string(name)) {}  // NOLINT
  /// Throws ContractError (A001), with the nearest word.
  Optimizer(const std::string& name);  // NOLINT

  std::string class_name{};  ///< "SGD", "Adam", "AdamW", "RMSprop"
  double learning_rate = 0.001;
  double momentum = 0.0;
  bool nesterov = false;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double rho = 0.9;
  double epsilon = 1e-7;
  bool amsgrad = false;
  bool centered = false;
  std::optional<double> weight_decay{};
  std::optional<double> clipnorm{};
  std::optional<double> clipvalue{};
  std::optional<double> global_clipnorm{};
  /// Weights are updated every so many steps, 2 or more, with the mean of their gradients.
  std::optional<std::int64_t> gradient_accumulation_steps{};
  bool operator==(const Optimizer&) const = default;
};

struct SGDOptions {
  double learning_rate = 0.01;
  double momentum = 0.0;
  bool nesterov = false;
  std::optional<double> weight_decay{};
  std::optional<double> clipnorm{};
  std::optional<double> clipvalue{};
  std::optional<double> global_clipnorm{};
  std::optional<std::int64_t> gradient_accumulation_steps{};
};
struct AdamOptions {
  double learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  std::optional<double> weight_decay{};
  std::optional<double> clipnorm{};
  std::optional<double> clipvalue{};
  std::optional<double> global_clipnorm{};
  std::optional<std::int64_t> gradient_accumulation_steps{};
};
struct AdamWOptions {
  double learning_rate = 0.001;
  double weight_decay = 0.004;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  std::optional<double> clipnorm{};
  std::optional<double> clipvalue{};
  std::optional<double> global_clipnorm{};
  std::optional<std::int64_t> gradient_accumulation_steps{};
};
struct RMSpropOptions {
  double learning_rate = 0.001;
  double rho = 0.9;
  double momentum = 0.0;
  double epsilon = 1e-7;
  bool centered = false;
  std::optional<double> weight_decay{};
  std::optional<double> clipnorm{};
  std::optional<double> clipvalue{};
  std::optional<double> global_clipnorm{};
  std::optional<std::int64_t> gradient_accumulation_steps{};
};
Optimizer SGD(SGDOptions options = {});
Optimizer Adam(AdamOptions options = {});
Optimizer AdamW(AdamWOptions options = {});
Optimizer RMSprop(RMSpropOptions options = {});

}  // namespace tenon
