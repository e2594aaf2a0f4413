#include "train/not_finite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "tenon/error.hpp"

namespace tenon::train {
namespace {

constexpr std::size_t kMostListed = 4;

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  return value < 0.0 ? "-infinity" : "infinity";
}

std::vector<std::int64_t> position_of(std::size_t index, const Shape& shape) {
  std::vector<std::int64_t> position(static_cast<std::size_t>(shape.rank()));
  auto rest = static_cast<std::int64_t>(index);
  for (std::size_t axis = position.size(); axis-- > 0;) {
    position[axis] = rest % shape[axis];
    rest /= shape[axis];
  }
  return position;
}

std::string message_of(const BadStep& step) {
  const std::string place = to_string(step.place);
  if (step.gradient_of.empty()) {
    return fmt::format("the loss became {} ({})", text_of(step.loss), place);
  }
  return fmt::format("the gradient of {} became NaN or infinite, at a loss of {:g} ({})",
                     quote_key(step.gradient_of), step.loss, place);
}

/// The name of the output whose loss it is; nothing for a layer.
std::optional<std::string> output_of(const NotFinite& found) {
  constexpr std::string_view kLoss = "loss/";
  if (!found.name.starts_with(kLoss)) return std::nullopt;
  return found.name.substr(kLoss.size());
}

std::string culprit_of(const NotFinite& found) {
  const NotFiniteValue& value = *found.value;
  const auto output = output_of(found);
  const std::string who = output ? fmt::format("the loss of output {}", quote_key(*output))
                                 : fmt::format("layer {} ({})", quote_key(found.name), found.op);
  if (value.position.empty()) return fmt::format("{} is the first to give {}", who, value.text);
  return fmt::format("{} is the first to give {}: {} of {} values, first at [{}]", who, value.text,
                     value.count, value.size, fmt::join(value.position, ", "));
}

/// The sample whose row the first bad value lies in, if the batch's rows are its first axis.
const SampleIdentity* sample_of(const NotFinite& found, const BadStep& step) {
  if (!found.value || found.value->position.empty() || step.rows == 0 ||
      found.value->size % step.rows != 0) {
    return nullptr;
  }
  const auto row = static_cast<std::size_t>(found.value->position.front());
  return row < step.samples.size() ? &step.samples[row] : nullptr;
}

void add_samples(Diagnostic& problem, const NotFinite& found, const BadStep& step) {
  if (const SampleIdentity* sample = sample_of(found, step)) {
    problem.sample = *sample;
    return;
  }
  if (step.samples.empty()) return;
  problem.sample = step.samples.front();
  for (std::size_t i = 0; i < std::min(step.samples.size(), kMostListed); ++i) {
    problem.notes.push_back("in the batch: " + to_string(step.samples[i]));
  }
}

}  // namespace

std::optional<NotFiniteValue> find_not_finite_value(const Tensor& tensor) {
  const Tensor plain = tensor.dtype() == DType::kFloat32 ? tensor : tensor.cast(DType::kFloat32);
  const auto values = plain.data<float>();
  std::optional<NotFiniteValue> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    if (!found) {
      found.emplace();
      found->text = text_of(static_cast<double>(values[i]));
      found->size = tensor.size();
      found->position = position_of(i, tensor.shape());
    }
    ++found->count;
  }
  return found;
}

void require_finite_weights(const Model& model, bool trained) {
  std::vector<std::string> notes;
  std::size_t bad = 0;
  for (const auto& weight : model.weights()) {
    const auto found = find_not_finite_value(weight->value());
    if (!found || ++bad > kMostListed) continue;
    notes.push_back(fmt::format("{} holds {}: {} of {} values, first at [{}]", weight->path(),
                                found->text, found->count, found->size,
                                fmt::join(found->position, ", ")));
  }
  if (bad == 0) return;
  if (bad > kMostListed) notes.push_back(fmt::format("and {} more", bad - kMostListed));
  throw DataError(make_diagnostic(
      "D002",
      fmt::format("{} weight{} {} NaN or infinity {}", bad, bad == 1 ? "" : "s",
                  bad == 1 ? "holds" : "hold",
                  trained ? "after the updates of this epoch" : "before the first step"),
      std::move(notes),
      trained ? "lower the learning rate, or clip the gradients (.clipnorm = 1.0)"
              : "load weights that are finite, or begin with new ones: model.initialize(seed)"));
}

Diagnostic describe_not_finite(const NotFinite& found, const BadStep& step) {
  Diagnostic problem = make_diagnostic("D002", message_of(step));
  problem.run = step.place;
  problem.datasets = {step.place.split};
  if (found.value) problem.notes.push_back(culprit_of(found));
  add_samples(problem, found, step);
  if (const auto output = found.value ? output_of(found) : std::nullopt) {
    KeyReport report;
    report.key = *output;
    report.role = Role::kTarget;
    problem.keys.push_back(std::move(report));
  }
  problem.notes.push_back(
      found.weights.empty()
          ? std::string("inputs, targets and weights are finite")
          : fmt::format("inputs and targets are finite, but the step before left NaN or infinity "
                        "in {} weight{}: {}",
                        found.weights.size(), found.weights.size() == 1 ? "" : "s",
                        fmt::join(found.weights.begin(),
                                  found.weights.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                              found.weights.size(), kMostListed)),
                                  ", ")));
  problem.notes.push_back(
      fmt::format("the weights are as they were before this step; the learning rate is {:g}",
                  step.learning_rate));
  Fix fix;
  fix.text = "lower the learning rate, or clip the gradients (.clipnorm = 1.0)";
  problem.fixes.push_back(std::move(fix));
  return problem;
}

}  // namespace tenon::train
