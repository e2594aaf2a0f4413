#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/history.hpp"
#include "train/metrics/metric_function.hpp"
#include "train/outputs.hpp"
#include "train/trainer.hpp"

namespace tenon::train {

/// The numbers of an epoch as they grow: losses are means over batches weighted by their rows,
/// metrics accumulate over all rows. Names as in Keras: "loss", "<output>_loss" and
/// "<output>_<metric>" where a model has several outputs; a metric named twice gets _1, a weighted
/// one "weighted_" first.
class RunningLogs {
 public:
  /// Throws ContractError (A001) for a metric that its output cannot have.
  explicit RunningLogs(const std::vector<OutputTraining>& outputs);

  const std::vector<std::string>& names() const noexcept { return names_; }
  /// False for losses and errors, true for accuracies. `name` must be one of names().
  bool higher_is_better(std::string_view name) const;

  void reset();
  /// Of no rows: nothing is looked at.
  void add(const StepResult& result, std::int64_t rows);
  /// add() hands the numbers of the batch to `sum` first, which adds those of other ranks.
  void sum_batches(std::function<void(std::span<double>)> sum) { sum_ = std::move(sum); }
  /// Adds those of other ranks to what has accumulated since reset().
  void sum_epoch(const std::function<void(std::span<double>)>& sum);
  /// Of the batch added last, alone.
  Logs batch() const { return logs_of(batch_); }
  /// What has accumulated since reset(), as numbers; set_sums() goes on from there. Throws
  /// FormatError where the numbers are of other logs.
  std::vector<double> sums() const;
  void set_sums(const std::vector<double>& sums);
  /// Since reset().
  Logs running() const { return logs_of(epoch_); }

 private:
  struct TrackedMetric {
    std::size_t output = 0;
    bool weighted = false;
    std::unique_ptr<MetricFunction> function;
    std::size_t first_name = 0;
    std::size_t num_results = 1;
    std::size_t state_offset = 0;
  };
  struct Sums {
    std::vector<double> losses;  ///< In the order of the names: the total, then the outputs'.
    std::vector<double> metrics;
    double rows = 0.0;
  };
  void add_rows(const StepResult& result, std::int64_t rows);
  static std::vector<double> numbers_of(const Sums& sums);
  static void set_numbers(Sums& sums, const std::vector<double>& numbers);
  void track(const Metric& metric, std::size_t output, bool weighted);
  std::string unique_name(const std::string& metric, const std::string& prefix, bool weighted);
  Logs logs_of(const Sums& sums) const;

  std::vector<OutputTraining> outputs_;
  std::vector<std::string> names_;
  std::vector<bool> higher_;
  std::vector<std::size_t> loss_outputs_;  ///< Outputs that have a loss of their own in the logs.
  std::vector<TrackedMetric> metrics_;
  Sums batch_;
  Sums epoch_;
  std::function<void(std::span<double>)> sum_;
};

}  // namespace tenon::train
