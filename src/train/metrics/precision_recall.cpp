#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// True positives among the predicted ones (precision) or among the true ones (recall), per
/// threshold. Keras's meaning of thresholds, top_k and class_id.
class ConfusionRatio : public MetricFunction {
 public:
  ConfusionRatio(const Metric& metric, bool of_predicted)
      : top_k_(metric.top_k), class_id_(metric.class_id), of_predicted_(of_predicted) {
    for (const double threshold : metric.thresholds) {
      thresholds_.push_back(static_cast<float>(threshold));
    }
    // Keras: with top_k and no threshold, every value among the top k counts as predicted.
    if (thresholds_.empty()) thresholds_.push_back(top_k_ ? kNever : 0.5F);
  }

  std::vector<std::string> suffixes() const override {
    if (thresholds_.size() == 1) return {""};
    std::vector<std::string> out;
    for (const float threshold : thresholds_) out.push_back(fmt::format("_{:g}", threshold));
    return out;
  }

  std::size_t state_size() const override { return 2 * thresholds_.size(); }

  void add(const MetricBatch& batch, std::span<double> state) const override {
    const std::int64_t first = class_id_ ? *class_id_ : 0;
    const std::int64_t last = class_id_ ? *class_id_ + 1 : batch.classes;
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      for (std::int64_t position = 0; position < batch.positions; ++position) {
        const auto prediction = batch.prediction(row, position);
        for (std::int64_t i = first; i < last; ++i) {
          const float score =
              among_top(prediction, i) ? prediction[static_cast<std::size_t>(i)] : kNever;
          count(score, batch.value(row, position, i) != 0.0F, batch.weight(row), state);
        }
      }
    }
  }

  void results(std::span<const double> state, std::span<double> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double all = state[2 * i] + state[2 * i + 1];
      out[i] = all == 0.0 ? 0.0 : state[2 * i] / all;
    }
  }

 private:
  static constexpr float kNever = std::numeric_limits<float>::lowest();

  /// As many as k values are larger, or equal and before it: not among the top k.
  bool among_top(std::span<const float> prediction, std::int64_t index) const {
    if (!top_k_) return true;
    const float own = prediction[static_cast<std::size_t>(index)];
    std::int64_t before = 0;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(prediction.size()); ++i) {
      const float other = prediction[static_cast<std::size_t>(i)];
      if (other > own || (other == own && i < index)) ++before;
    }
    return before < *top_k_;
  }

  void count(float score, bool label, double weight, std::span<double> state) const {
    for (std::size_t i = 0; i < thresholds_.size(); ++i) {
      const bool predicted = score > thresholds_[i];
      if (predicted && label) state[2 * i] += weight;
      if (of_predicted_ ? predicted && !label : !predicted && label) state[2 * i + 1] += weight;
    }
  }

  std::vector<float> thresholds_;
  std::optional<int> top_k_;
  std::optional<int> class_id_;
  bool of_predicted_;
};

std::unique_ptr<MetricFunction> make(const Metric& metric, const MetricSubject& subject,
                                     bool of_predicted) {
  for (const double threshold : metric.thresholds) {
    if (!(threshold >= 0.0 && threshold <= 1.0)) {
      throw_unfit_metric(metric, subject, fmt::format("a threshold is {}", threshold), "0 to 1");
    }
  }
  if (metric.class_id && (*metric.class_id < 0 || *metric.class_id >= subject.classes)) {
    throw_unfit_metric(metric, subject, fmt::format("class_id is {}", *metric.class_id),
                       fmt::format("0 to {}", subject.classes - 1));
  }
  if (metric.top_k && (*metric.top_k < 1 || *metric.top_k > subject.classes)) {
    throw_unfit_metric(metric, subject, fmt::format("top_k is {}", *metric.top_k),
                       fmt::format("1 to {}", subject.classes));
  }
  return std::make_unique<ConfusionRatio>(metric, of_predicted);
}

}  // namespace

std::unique_ptr<MetricFunction> make_precision(const Metric& metric, const MetricSubject& subject) {
  return make(metric, subject, true);
}

std::unique_ptr<MetricFunction> make_recall(const Metric& metric, const MetricSubject& subject) {
  return make(metric, subject, false);
}

}  // namespace tenon::train
