#include "train/metrics/metric_function.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/error.hpp"
#include "train/words.hpp"

namespace tenon::train {

std::span<const float> MetricBatch::prediction(std::int64_t row, std::int64_t position) const {
  return predictions.subspan(static_cast<std::size_t>((row * positions + position) * classes),
                             static_cast<std::size_t>(classes));
}

float MetricBatch::value(std::int64_t row, std::int64_t position, std::int64_t class_index) const {
  const std::int64_t place = row * positions + position;
  if (has_ids()) return ids[static_cast<std::size_t>(place)] == class_index ? 1.0F : 0.0F;
  return values[static_cast<std::size_t>(place * classes + class_index)];
}

std::int64_t MetricBatch::id(std::int64_t row, std::int64_t position) const {
  const std::int64_t place = row * positions + position;
  if (has_ids()) return ids[static_cast<std::size_t>(place)];
  return argmax(
      values.subspan(static_cast<std::size_t>(place * classes), static_cast<std::size_t>(classes)));
}

double MetricBatch::weight(std::int64_t row) const {
  return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(row)]);
}

std::int64_t argmax(std::span<const float> values) {
  return std::ranges::max_element(values) - values.begin();
}

std::unique_ptr<MetricFunction> make_metric(const Metric& metric, const MetricSubject& subject) {
  return metric_entry(metric.class_name).make(metric, subject);
}

std::vector<std::string> class_suffixes(const Metric& metric, const MetricSubject& subject,
                                        std::int64_t classes) {
  const auto& names = metric.class_names;
  if (!names.empty() && static_cast<std::int64_t>(names.size()) != classes) {
    throw_unfit_metric(metric, subject, fmt::format("{} class names were given", names.size()),
                       fmt::format("{}, one per class", classes));
  }
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < classes; ++i) {
    out.push_back("_" + (names.empty() ? std::to_string(i) : names[static_cast<std::size_t>(i)]));
  }
  return out;
}

std::vector<std::size_t> target_classes(const Metric& metric, const MetricSubject& subject,
                                        std::int64_t classes) {
  std::vector<std::size_t> out;
  for (const int id : metric.target_class_ids) {
    if (id < 0 || id >= classes) {
      throw_unfit_metric(metric, subject, fmt::format("target_class_ids has {}", id),
                         fmt::format("0 to {}", classes - 1));
    }
    out.push_back(static_cast<std::size_t>(id));
  }
  for (std::int64_t i = 0; metric.target_class_ids.empty() && i < classes; ++i) {
    out.push_back(static_cast<std::size_t>(i));
  }
  return out;
}

bool higher_is_better(const Metric& metric) {
  return metric_entry(metric.class_name).higher_is_better;
}

void throw_unfit_metric(const Metric& metric, const MetricSubject& subject, const std::string& came,
                        const std::string& expected) {
  throw_argument_error(
      fmt::format("metric {} of output {}", quote_key(metric.name), quote_key(subject.output)),
      came, expected);
}

}  // namespace tenon::train
