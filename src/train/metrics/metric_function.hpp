#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/metrics.hpp"
#include "tenon/training_interface.hpp"

namespace tenon::train {

/// One output of one batch as a metric sees it: rows × positions × classes, row-major. An output
/// (N) or (N, 1) has one position and one class.
struct MetricBatch {
  std::int64_t rows = 0;
  std::int64_t positions = 1;  ///< The product of the axes between the first and the last.
  std::int64_t classes = 1;    ///< The last axis.
  std::span<const float> predictions{};
  /// Targets: of the predictions' shape, or one class id per position; the other is empty.
  std::span<const float> values{};
  std::span<const std::int32_t> ids{};
  std::span<const float> weights{};  ///< One per row; empty: each 1.

  std::span<const float> prediction(std::int64_t row, std::int64_t position) const;
  bool has_ids() const noexcept { return values.empty() && !ids.empty(); }
  /// The target at one place, class ids seen as one-hot vectors.
  float value(std::int64_t row, std::int64_t position, std::int64_t class_index) const;
  /// The class id at one place: the id itself, or where the one-hot vector is largest.
  std::int64_t id(std::int64_t row, std::int64_t position) const;
  double weight(std::int64_t row) const;
};

/// The index of the largest value; the first of equal ones.
std::int64_t argmax(std::span<const float> values);

/// The arithmetic of one metric. Everything that accumulates is a sum, kept by the caller: adding
/// the states of two parts of the data gives the state of both.
class MetricFunction {
 public:
  virtual ~MetricFunction() = default;
  /// What is put behind the metric's name, per result: {""}, or {"_0", "_1", …}.
  virtual std::vector<std::string> suffixes() const { return {""}; }
  virtual std::size_t state_size() const = 0;
  virtual void add(const MetricBatch& batch, std::span<double> state) const = 0;
  /// One number per suffix. A state of zeros gives zeros.
  virtual void results(std::span<const double> state, std::span<double> out) const = 0;
};

/// What a metric is put on: an output's last axis and the form of its target.
struct MetricSubject {
  std::string output;
  TargetForm target_form = TargetForm::kSameShape;
  std::int64_t classes = 1;
};

/// Throws ContractError (A001) where the metric cannot be computed from such targets, or an
/// argument is outside of its range.
std::unique_ptr<MetricFunction> make_metric(const Metric& metric, const MetricSubject& subject);

/// True where more is better ("auto" of a monitor).
bool higher_is_better(const Metric& metric);

// The makers of each family; metric_table.cpp lists them.
using MetricMaker = std::unique_ptr<MetricFunction> (*)(const Metric&, const MetricSubject&);
std::unique_ptr<MetricFunction> make_accuracy(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_precision(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_recall(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_auc(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_regression(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_per_class_recall(const Metric& metric,
                                                      const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_iou(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_binary_iou(const Metric& metric, const MetricSubject& subject);
std::unique_ptr<MetricFunction> make_dice(const Metric& metric, const MetricSubject& subject);

/// "_0", … or "_<class name>": how the results of a metric per class are called. Throws as
/// throw_unfit_metric where there are not `classes` names.
std::vector<std::string> class_suffixes(const Metric& metric, const MetricSubject& subject,
                                        std::int64_t classes);
/// metric.target_class_ids, or all of them. Throws as throw_unfit_metric for one that is none.
std::vector<std::size_t> target_classes(const Metric& metric, const MetricSubject& subject,
                                        std::int64_t classes);

/// Throws ContractError (A001): the metric cannot be put on this output.
[[noreturn]] void throw_unfit_metric(const Metric& metric, const MetricSubject& subject,
                                     const std::string& came, const std::string& expected);

/// All facts of one metric, stated once.
struct MetricEntry {
  std::string_view class_name;
  std::vector<std::string_view> words;  ///< The first is the default name in the logs.
  bool higher_is_better;
  bool in_keras;  ///< Keras has a class of this name; otherwise it is left out of Keras's files.
  MetricMaker make;
};
std::span<const MetricEntry> metric_entries();
/// By class name or word. Throws ContractError (A001) with the nearest one.
const MetricEntry& metric_entry(std::string_view word);

}  // namespace tenon::train
