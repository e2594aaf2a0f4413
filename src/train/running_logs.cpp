#include "train/running_logs.hpp"

#include <algorithm>

#include "tenon/error.hpp"

namespace tenon::train {
namespace {

MetricBatch metric_batch(const StepResult& result, std::size_t output, std::int64_t rows,
                         bool weighted) {
  const Tensor& prediction = result.predictions[output];
  const Tensor& target = result.targets[output];
  MetricBatch batch;
  batch.rows = rows;
  batch.classes = prediction.rank() < 2 ? 1 : prediction.dim(-1);
  batch.positions = rows * batch.classes == 0 ? 0 : prediction.size() / (rows * batch.classes);
  batch.predictions = prediction.data<float>();
  if (target.dtype() == DType::kInt32) {
    batch.ids = target.data<std::int32_t>();
  } else {
    batch.values = target.data<float>();
  }
  if (weighted && result.weights[output].defined()) {
    batch.weights = std::as_const(result.weights[output]).data<float>();
  }
  return batch;
}

}  // namespace

RunningLogs::RunningLogs(const std::vector<OutputTraining>& outputs) : outputs_(outputs) {
  names_.emplace_back("loss");
  higher_.push_back(false);
  if (count_losses(outputs) > 1) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].loss) continue;
      names_.push_back(outputs[i].name() + "_loss");
      higher_.push_back(false);
      loss_outputs_.push_back(i);
    }
  }
  for (const bool weighted : {false, true}) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Metrics& metrics = weighted ? outputs[i].weighted_metrics : outputs[i].metrics;
      for (const Metric& metric : metrics) track(metric, i, weighted);
    }
  }
  reset();
}

void RunningLogs::track(const Metric& metric, std::size_t output, bool weighted) {
  TrackedMetric tracked;
  tracked.output = output;
  tracked.weighted = weighted;
  tracked.function = make_metric(metric, {outputs_[output].name(), outputs_[output].target_form(),
                                          outputs_[output].classes()});
  tracked.first_name = names_.size();
  tracked.state_offset = batch_.metrics.size();
  const std::string prefix = outputs_.size() > 1 ? outputs_[output].name() + "_" : "";
  for (const std::string& suffix : tracked.function->suffixes()) {
    names_.push_back(unique_name(metric.name + suffix, prefix, weighted));
    higher_.push_back(train::higher_is_better(metric));
  }
  tracked.num_results = names_.size() - tracked.first_name;
  batch_.metrics.resize(batch_.metrics.size() + tracked.function->state_size());
  metrics_.push_back(std::move(tracked));
}

std::string RunningLogs::unique_name(const std::string& metric, const std::string& prefix,
                                     bool weighted) {
  const auto taken = [&](const std::string& name) {
    return std::ranges::find(names_, name) != names_.end();
  };
  std::string name = prefix + metric;
  if (weighted && taken(name)) name = prefix + "weighted_" + metric;
  if (!taken(name)) return name;
  int index = 1;
  while (taken(name + "_" + std::to_string(index))) ++index;
  return name + "_" + std::to_string(index);
}

bool RunningLogs::higher_is_better(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  return found != names_.end() && higher_[static_cast<std::size_t>(found - names_.begin())];
}

void RunningLogs::reset() {
  epoch_.losses.assign(1 + loss_outputs_.size(), 0.0);
  epoch_.metrics.assign(batch_.metrics.size(), 0.0);
  epoch_.rows = 0.0;
  batch_ = epoch_;
}

void RunningLogs::add(const StepResult& result, std::int64_t rows) {
  batch_.rows = static_cast<double>(rows);
  std::ranges::fill(batch_.losses, 0.0);
  std::ranges::fill(batch_.metrics, 0.0);
  if (rows > 0) add_rows(result, rows);
  if (sum_) {
    std::vector<double> numbers = numbers_of(batch_);
    sum_(numbers);
    set_numbers(batch_, numbers);
  }
  const auto add_to = [](std::vector<double>& sums, const std::vector<double>& more) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
  };
  add_to(epoch_.losses, batch_.losses);
  add_to(epoch_.metrics, batch_.metrics);
  epoch_.rows += batch_.rows;
}

void RunningLogs::add_rows(const StepResult& result, std::int64_t rows) {
  const auto count = static_cast<double>(rows);
  batch_.losses[0] = result.loss * count;
  for (std::size_t i = 0; i < loss_outputs_.size(); ++i) {
    batch_.losses[i + 1] = result.output_losses[loss_outputs_[i]].value_or(0.0) * count;
  }
  for (const TrackedMetric& metric : metrics_) {
    metric.function->add(
        metric_batch(result, metric.output, rows, metric.weighted),
        std::span(batch_.metrics).subspan(metric.state_offset, metric.function->state_size()));
  }
}

std::vector<double> RunningLogs::numbers_of(const Sums& sums) {
  std::vector<double> all = sums.losses;
  all.insert(all.end(), sums.metrics.begin(), sums.metrics.end());
  all.push_back(sums.rows);
  return all;
}

void RunningLogs::set_numbers(Sums& sums, const std::vector<double>& numbers) {
  const auto metrics = numbers.begin() + static_cast<std::ptrdiff_t>(sums.losses.size());
  std::copy(numbers.begin(), metrics, sums.losses.begin());
  std::copy(metrics, numbers.end() - 1, sums.metrics.begin());
  sums.rows = numbers.back();
}

void RunningLogs::sum_epoch(const std::function<void(std::span<double>)>& sum) {
  std::vector<double> numbers = numbers_of(epoch_);
  sum(numbers);
  set_numbers(epoch_, numbers);
}

std::vector<double> RunningLogs::sums() const { return numbers_of(epoch_); }

void RunningLogs::set_sums(const std::vector<double>& sums) {
  reset();
  if (sums.size() != epoch_.losses.size() + epoch_.metrics.size() + 1) {
    throw FormatError(make_diagnostic("F001", "the state is of a training with other metrics"));
  }
  set_numbers(epoch_, sums);
}

Logs RunningLogs::logs_of(const Sums& sums) const {
  Logs logs;
  for (std::size_t i = 0; i < sums.losses.size(); ++i) {
    logs.set(names_[i], sums.rows == 0.0 ? 0.0 : sums.losses[i] / sums.rows);
  }
  std::vector<double> results;
  for (const TrackedMetric& metric : metrics_) {
    results.assign(metric.num_results, 0.0);
    metric.function->results(
        std::span(sums.metrics).subspan(metric.state_offset, metric.function->state_size()),
        results);
    for (std::size_t i = 0; i < results.size(); ++i) {
      logs.set(names_[metric.first_name + i], results[i]);
    }
  }
  return logs;
}

}  // namespace tenon::train
