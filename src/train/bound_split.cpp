#include "train/bound_split.hpp"

#include <algorithm>

#include "core/errors_among.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::train {

BoundSplit::BoundSplit(std::string name, const TrainingInterface& interface, Dataset dataset,
                       bool check_finite)
    : name_(std::move(name)),
      dataset_(std::move(dataset)),
      binding_(contract::bind(interface, dataset_.schema())),
      checker_(interface, dataset_, binding_, check_finite) {}

StepData BoundSplit::data_of(const Record& record, std::int64_t epoch, std::int64_t step) const {
  StepData data;
  data.rows = checker_.check(record, {.split = name_, .epoch = epoch, .step = step});
  for (const std::size_t slot : binding_.inputs) data.inputs.push_back(record[slot]);
  for (const auto& slot : binding_.targets) {
    data.targets.push_back(slot ? record[*slot] : Tensor());
  }
  for (const auto& slot : binding_.weights) {
    data.weights.push_back(slot ? record[*slot] : Tensor());
  }
  return data;
}

namespace {

/// The class of the most fundamental problem, so that a KeyError can be caught as one.
[[noreturn]] void throw_as_coded(std::vector<Diagnostic> problems) {
  switch (problems.front().code.front()) {
    case 'K':
      throw KeyError(std::move(problems));
    case 'S':
    case 'D':
      throw ShapeError(std::move(problems));
    case 'M':
      throw ModelError(std::move(problems));
    default:
      throw ContractError(std::move(problems));
  }
}

}  // namespace

void throw_errors(std::vector<Diagnostic> problems) {
  if (any_error(problems)) throw_as_coded(std::move(problems));
  for (const Diagnostic& message : problems) emit(message);
}

namespace {

/// Data for an output whose loss was not understood are not told as superfluous too.
bool follows_from_losses(const Diagnostic& problem, const TrainingInterface& interface) {
  if (problem.code != "K010" && problem.code != "K011") return false;
  return !problem.keys.empty() && std::ranges::all_of(problem.keys, [&](const KeyReport& key) {
    return key.actual && (key.key.empty() || std::ranges::any_of(interface.outputs, [&](auto& out) {
                            return out.output.name == key.key;
                          }));
  });
}

}  // namespace

std::vector<Diagnostic> all_problems(std::vector<Diagnostic> compile_problems,
                                     const TrainingInterface& interface,
                                     std::span<const contract::Split> splits) {
  std::vector<Diagnostic> problems = std::move(compile_problems);
  const bool losses_known = problems.empty();
  for (Diagnostic& problem : contract::check(interface, splits)) {
    if (losses_known || !follows_from_losses(problem, interface))
      problems.push_back(std::move(problem));
  }
  std::ranges::stable_sort(problems, {}, &Diagnostic::severity);
  return problems;
}

}  // namespace tenon::train
