#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tenon/diagnostic.hpp"
#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

enum class Summation : std::uint8_t { kInterpolation, kMinoring, kMajoring };

double ratio(double above, double below) { return below == 0.0 ? 0.0 : above / below; }

/// Positives and negatives predicted above each threshold.
struct Counts {
  std::vector<double> true_positives;
  std::vector<double> false_positives;
  double positives = 0.0;
  double negatives = 0.0;
};

/// Keras's area under a curve: predictions fall into buckets between evenly spaced thresholds; the
/// curve is then integrated over the thresholds.
class AUC : public MetricFunction {
 public:
  AUC(int num_thresholds, bool roc, Summation summation, bool from_logits)
      : buckets_(static_cast<std::size_t>(num_thresholds)),
        roc_(roc),
        summation_(summation),
        from_logits_(from_logits) {}

  std::size_t state_size() const override { return 2 * buckets_; }

  void add(const MetricBatch& batch, std::span<double> state) const override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      for (std::int64_t position = 0; position < batch.positions; ++position) {
        const auto prediction = batch.prediction(row, position);
        for (std::int64_t i = 0; i < batch.classes; ++i) {
          const std::size_t bucket = bucket_of(prediction[static_cast<std::size_t>(i)]);
          const bool label = batch.value(row, position, i) != 0.0F;
          state[label ? bucket : buckets_ + bucket] += batch.weight(row);
        }
      }
    }
  }

  void results(std::span<const double> state, std::span<double> out) const override {
    const Counts counts = cumulate(state);
    out[0] = !roc_ && summation_ == Summation::kInterpolation ? interpolated_pr(counts)
                                                              : riemann_sum(counts);
  }

 private:
  std::size_t bucket_of(float prediction) const {
    const float probability = from_logits_ ? 1.0F / (1.0F + std::exp(-prediction)) : prediction;
    const float place = std::ceil(probability * static_cast<float>(buckets_ - 1)) - 1.0F;
    const float top = static_cast<float>(buckets_ - 1);
    return static_cast<std::size_t>(place > 0.0F ? std::min(place, top) : 0.0F);
  }

  Counts cumulate(std::span<const double> state) const {
    Counts counts{std::vector<double>(buckets_), std::vector<double>(buckets_)};
    for (std::size_t i = buckets_; i-- > 0;) {
      counts.positives += state[i];
      counts.negatives += state[buckets_ + i];
      counts.true_positives[i] = counts.positives;
      counts.false_positives[i] = counts.negatives;
    }
    return counts;
  }

  double height(double left, double right) const {
    if (summation_ == Summation::kMinoring) return std::min(left, right);
    if (summation_ == Summation::kMajoring) return std::max(left, right);
    return (left + right) / 2.0;
  }

  double riemann_sum(const Counts& counts) const {
    const auto x = [&](std::size_t i) {
      return roc_ ? ratio(counts.false_positives[i], counts.negatives)
                  : ratio(counts.true_positives[i], counts.positives);
    };
    const auto y = [&](std::size_t i) {
      return roc_ ? ratio(counts.true_positives[i], counts.positives)
                  : ratio(counts.true_positives[i],
                          counts.true_positives[i] + counts.false_positives[i]);
    };
    double area = 0.0;
    for (std::size_t i = 0; i + 1 < buckets_; ++i) {
      area += (x(i) - x(i + 1)) * height(y(i), y(i + 1));
    }
    return area;
  }

  /// Between two thresholds the true positives are taken as linear in the predicted ones (Davis and
  /// Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006).
  double interpolated_pr(const Counts& counts) const {
    double area = 0.0;
    for (std::size_t i = 0; i + 1 < buckets_; ++i) {
      const double hits = counts.true_positives[i + 1];
      const double predicted = counts.true_positives[i] + counts.false_positives[i];
      const double next = hits + counts.false_positives[i + 1];
      const double more_hits = counts.true_positives[i] - hits;
      const double slope = ratio(more_hits, std::max(predicted - next, 0.0));
      const double intercept = hits - slope * next;
      const double grown = predicted > 0.0 && next > 0.0 ? predicted / next : 1.0;
      area += ratio(slope * (more_hits + intercept * std::log(grown)), counts.positives);
    }
    return area;
  }

  std::size_t buckets_;
  bool roc_;
  Summation summation_;
  bool from_logits_;
};

Summation summation_of(const Metric& metric, const MetricSubject& subject) {
  if (metric.summation_method == "interpolation") return Summation::kInterpolation;
  if (metric.summation_method == "minoring") return Summation::kMinoring;
  if (metric.summation_method == "majoring") return Summation::kMajoring;
  throw_unfit_metric(metric, subject,
                     fmt::format("summation_method is {}", quote_key(metric.summation_method)),
                     R"("interpolation", "minoring" or "majoring")");
}

}  // namespace

std::unique_ptr<MetricFunction> make_auc(const Metric& metric, const MetricSubject& subject) {
  if (metric.num_thresholds < 2) {
    throw_unfit_metric(metric, subject, fmt::format("num_thresholds is {}", metric.num_thresholds),
                       "2 or more");
  }
  if (metric.curve != "ROC" && metric.curve != "PR") {
    throw_unfit_metric(metric, subject, fmt::format("curve is {}", quote_key(metric.curve)),
                       R"("ROC" or "PR")");
  }
  return std::make_unique<AUC>(metric.num_thresholds, metric.curve == "ROC",
                               summation_of(metric, subject), metric.from_logits);
}

}  // namespace tenon::train
