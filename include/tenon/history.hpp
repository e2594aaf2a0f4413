#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon {

/// Names and numbers of a step or an epoch, in order: "loss", "accuracy", "val_loss", …
class Logs {
 public:
  std::optional<double> find(std::string_view name) const noexcept;
  /// Throws ContractError (C002) that lists the names and the nearest one.
  double at(std::string_view name) const;
  void set(std::string_view name, double value);
  const std::vector<std::pair<std::string, double>>& entries() const noexcept { return entries_; }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }
  bool empty() const noexcept { return entries_.empty(); }

 private:
  std::vector<std::pair<std::string, double>> entries_;
};

/// What fit returns: the logs of every epoch.
struct History {
  std::vector<int> epoch;  ///< From 0.
  std::vector<Logs> logs;  ///< One per epoch.
  /// The values of one name over the epochs. Throws ContractError (C002) if there is none.
  std::vector<double> of(std::string_view name) const;
  std::vector<std::string> names() const;
  bool stopped_early = false;
  bool interrupted = false;  ///< FitArguments::interrupted said so, on any of the processes.
  /// Bad samples that the train and validation data skipped or quarantined, each once.
  std::vector<BadSample> bad_samples;
  /// Of all training steps, as StepInfo has them: waiting for data, and taking the steps.
  double seconds_data = 0.0;
  double seconds_compute = 0.0;
  DataProfile data{};  ///< What the stages of the training data took.
};

}  // namespace tenon
