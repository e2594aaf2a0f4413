#include "train/outputs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "tenon/error.hpp"
#include "train/loss_table.hpp"
#include "train/metrics/metric_function.hpp"

namespace tenon::train {
namespace {

/// What was given for `output`: by its name, or as the single thing for the model's only output.
template <class T>
const T* given_for(const PerOutput<T>& given, const std::string& output, bool only_output) {
  for (const auto& [name, value] : given.by_name()) {
    if (name == output) return &value;
  }
  return only_output && given.single() ? &*given.single() : nullptr;
}

template <class T>
void add_uses(std::vector<NameUse>& uses, const std::string& place, const PerOutput<T>& given) {
  for (const auto& entry : given.by_name()) uses.push_back({place, entry.first});
}

std::vector<std::string> names_of(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  names.reserve(ports.size());
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

/// K011: one value for a model with several outputs says nothing of which it is for.
template <class T>
void add_single_problem(std::vector<Diagnostic>& problems, const char* place,
                        const PerOutput<T>& given, const std::string& model_name,
                        const std::vector<Port>& outputs) {
  if (!given.single() || outputs.size() == 1) return;
  const std::vector<std::string> names = names_of(outputs);
  Diagnostic problem =
      make_diagnostic("K011",
                      fmt::format("{} is given once, but model `{}` has {} outputs", place,
                                  model_name, outputs.size()),
                      {fmt::format("the outputs are {}", list_names(names))});
  Fix fix;
  fix.text = fmt::format("give {} by output name", place);
  fix.cpp = fmt::format(".{} = {{{{\"{}\", …}}, {{\"{}\", …}}}}", place, names[0], names[1]);
  problem.fixes.push_back(std::move(fix));
  problems.push_back(std::move(problem));
}

/// True if a loss was given for a name that is no output's: told by the contract, and the reason
/// why some output has none.
bool misspells_a_loss(const CompileArguments& arguments, const std::vector<Port>& outputs) {
  const std::vector<std::string> names = names_of(outputs);
  return std::ranges::any_of(arguments.loss.by_name(), [&](const auto& given) {
    return std::ranges::find(names, given.first) == names.end();
  });
}

void add_metric_problems(std::vector<Diagnostic>& problems, const OutputTraining& output,
                         bool tell_missing_loss) {
  Metrics all = output.metrics;
  all.insert(all.end(), output.weighted_metrics.begin(), output.weighted_metrics.end());
  if (!all.empty() && !output.loss) {
    if (!tell_missing_loss) return;
    problems.push_back(make_diagnostic(
        "A001",
        fmt::format("output {} has metrics but no loss, and so no target",
                    quote_key(output.name())),
        {}, "give the output a loss (with loss_weights 0 if it should not be trained)"));
    return;
  }
  for (const Metric& metric : all) {
    try {
      make_metric(metric, {output.name(), output.target_form(), output.classes()});
    } catch (const ContractError& error) {
      problems.insert(problems.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
  }
}

}  // namespace

TargetForm OutputTraining::target_form() const {
  return loss ? target_form_of(*loss) : TargetForm::kSameShape;
}

std::int64_t OutputTraining::classes() const {
  return port.spec.rank() < 2 ? 1 : port.spec.shape.back().size();
}

std::vector<OutputTraining> resolve_outputs(const std::vector<Port>& outputs,
                                            const CompileArguments& arguments) {
  std::vector<OutputTraining> resolved;
  const bool only = outputs.size() == 1;
  for (const Port& port : outputs) {
    OutputTraining output;
    output.port = port;
    if (const Loss* loss = given_for(arguments.loss, port.name, only)) output.loss = *loss;
    if (const double* weight = given_for(arguments.loss_weights, port.name, only)) {
      output.loss_weight = *weight;
    }
    if (const Metrics* metrics = given_for(arguments.metrics, port.name, only)) {
      output.metrics = *metrics;
    }
    if (const Metrics* metrics = given_for(arguments.weighted_metrics, port.name, only)) {
      output.weighted_metrics = *metrics;
    }
    resolved.push_back(std::move(output));
  }
  return resolved;
}

std::vector<NameUse> name_uses(const CompileArguments& arguments) {
  std::vector<NameUse> uses;
  add_uses(uses, "loss", arguments.loss);
  add_uses(uses, "loss_weights", arguments.loss_weights);
  add_uses(uses, "metrics", arguments.metrics);
  add_uses(uses, "weighted_metrics", arguments.weighted_metrics);
  return uses;
}

std::vector<Diagnostic> compile_problems(const std::string& model_name,
                                         const std::vector<Port>& outputs,
                                         const CompileArguments& arguments) {
  std::vector<Diagnostic> problems;
  add_single_problem(problems, "loss", arguments.loss, model_name, outputs);
  add_single_problem(problems, "loss_weights", arguments.loss_weights, model_name, outputs);
  add_single_problem(problems, "metrics", arguments.metrics, model_name, outputs);
  add_single_problem(problems, "weighted_metrics", arguments.weighted_metrics, model_name, outputs);
  if (arguments.loss.empty()) {
    problems.push_back(
        make_diagnostic("A001", fmt::format("model `{}` was compiled without a loss", model_name),
                        {}, R"(compile with .loss = "mean_squared_error", or another one)"));
    return problems;
  }
  const std::vector<OutputTraining> resolved = resolve_outputs(outputs, arguments);
  if (!problems.empty() || count_losses(resolved) == 0) return problems;
  const bool tell_missing_loss = !misspells_a_loss(arguments, outputs);
  for (const OutputTraining& output : resolved)
    add_metric_problems(problems, output, tell_missing_loss);
  return problems;
}

std::size_t count_losses(const std::vector<OutputTraining>& outputs) {
  return static_cast<std::size_t>(
      std::ranges::count_if(outputs, [](const OutputTraining& o) { return o.loss.has_value(); }));
}

}  // namespace tenon::train
