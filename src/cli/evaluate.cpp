#include "cli/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/as_rank.hpp"
#include "cli/commands.hpp"
#include "cli/json_value.hpp"
#include "cli/run_parts.hpp"
#include "data/collate.hpp"
#include "dist/communicator.hpp"
#include "tenon/file.hpp"
#include "train/evaluate.hpp"

namespace tenon::cli {
namespace {

/// Keys of integer targets, one row per sample, for outputs that are distributions over classes.
bool has_classes(const Port& output, const Schema& schema) {
  const auto slot = schema.find(output.name);
  if (!slot || output.spec.rank() != 2 || output.spec.shape.back().size() < 2) return false;
  return is_integer(schema[*slot].spec.dtype) && schema[*slot].spec.rank() <= 2;
}

/// An output that is a distribution over classes, and what was counted of it so far.
struct Counted {
  std::size_t output = 0;  ///< Of the model's.
  std::string name;
  Confusion confusion;
};

std::vector<Counted> outputs_with_classes(const Model& model, const Experiment& experiment,
                                          const Schema& schema) {
  const auto names = class_names(experiment);
  const std::vector<Port> outputs = model.outputs();
  std::vector<Counted> counted;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!has_classes(outputs[i], schema)) continue;
    const auto found =
        std::ranges::find(names, outputs[i].name, &decltype(names)::value_type::first);
    const auto width = static_cast<std::size_t>(outputs[i].spec.shape.back().size());
    counted.push_back(
        {i, outputs[i].name,
         Confusion(found == names.end() ? std::vector<std::string>{} : found->second, width)});
  }
  return counted;
}

/// The rows of `tensor` that are this process's.
Tensor own_rows(const Tensor& tensor, const backend::BatchRows& rows) {
  if (rows.stride <= 1) return tensor;
  return data::gather_rows(tensor, train::rows_taken(tensor.dim(0), rows));
}

/// Of all ranks.
void sum_counts(std::int64_t& samples, std::vector<Counted>& counted, dist::Communicator& ranks) {
  ranks.at({.stage = "the classes"});
  std::vector<double> numbers{static_cast<double>(samples)};
  for (const Counted& each : counted) {
    for (const auto& row : each.confusion.counts)
      numbers.insert(numbers.end(), row.begin(), row.end());
  }
  ranks.all_reduce(numbers);
  auto next = numbers.begin();
  samples = static_cast<std::int64_t>(*next++);
  for (Counted& each : counted) {
    for (auto& row : each.confusion.counts) {
      for (std::int64_t& count : row) count = static_cast<std::int64_t>(*next++);
    }
  }
}

}  // namespace

Evaluation evaluate_split(Model& model, const Experiment& experiment, const std::string& split,
                          const Distribution& distribution) {
  const Dataset dataset = build_dataset(experiment, require_split(experiment, split));
  const FitTable& fit = *experiment.fit;
  Evaluation out;
  out.split = split;
  EvaluateArguments arguments;
  arguments.sample_weight = fit.fit.sample_weight;
  arguments.ignore_keys = fit.fit.ignore_keys;
  arguments.data_threads = fit.fit.data_threads;
  arguments.distribution = distribution;
  std::vector<Counted> counted = outputs_with_classes(model, experiment, dataset.schema());
  const auto count = [&](const train::Batch& batch, const train::StepResult& result,
                         const backend::BatchRows& rows) {
    out.samples += batch.data.rows;
    for (Counted& each : counted) {
      each.confusion.add(result.predictions[each.output],
                         own_rows(batch.record.at(each.name), rows));
    }
  };
  out.logs = train::evaluate_model(model, dataset, arguments,
                                   {intern_file(experiment.file.c_str()), fit.line},
                                   {.bad_samples = &out.bad_samples, .on_batch = count});
  if (!distribution.alone()) sum_counts(out.samples, counted, *distribution.communicator());
  for (Counted& each : counted)
    out.confusions.emplace_back(std::move(each.name), std::move(each.confusion));
  return out;
}

std::string to_text(const Evaluation& evaluation) {
  std::string text = fmt::format("{} samples", evaluation.samples);
  if (!evaluation.bad_samples.empty())
    text += fmt::format(", {} bad ones left out", evaluation.bad_samples.size());
  for (const auto& [name, value] : evaluation.logs)
    text += fmt::format("\n  {}: {:.4f}", name, value);
  text += "\n";
  for (const auto& [name, confusion] : evaluation.confusions) {
    text += fmt::format("output {}: accuracy {:.4f}\n{}", name, confusion.accuracy(),
                        to_text(confusion));
  }
  return text;
}

std::string to_json(const Evaluation& evaluation) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["split"] = evaluation.split;
  out["model"] = evaluation.model;
  out["samples"] = evaluation.samples;
  out["bad_samples"] = evaluation.bad_samples.size();
  for (const auto& [name, value] : evaluation.logs) out["metrics"][name] = json_number(value);
  for (const auto& [name, confusion] : evaluation.confusions) {
    nlohmann::ordered_json& entry = out["outputs"][name];
    entry["accuracy"] = json_number(confusion.accuracy());
    for (std::size_t i = 0; i < confusion.classes.size(); ++i) {
      entry["recall"][confusion.classes[i]] = json_number(confusion.recall(i));
      entry["precision"][confusion.classes[i]] = json_number(confusion.precision(i));
    }
    entry["confusion"] = confusion.counts;
  }
  return json_output(out);
}

namespace {

int evaluate_and_print(const EvaluateOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  const Distribution distribution = settled_distribution(experiment, options.distribution);
  RunModel run = run_model(experiment, options.weights, "evaluating", distribution);
  const ConsoleSinks sinks(options.common);
  run.model.compile(experiment.fit->compile,
                    {intern_file(experiment.file.c_str()), experiment.fit->line});
  Evaluation found = evaluate_split(run.model, experiment, options.split, distribution);
  if (distribution.rank() != 0) return kDone;
  found.model = run.path;
  const std::string json = to_json(found);
  print(options.common.format == Format::kJson ? json : to_text(found));
  // What was not trained there leaves nothing there.
  if (!experiment.fit->output.empty() && !run.fallback) {
    const auto file = std::filesystem::path(experiment.fit->output) /
                      fmt::format("evaluate_{}.json", options.split);
    write_file_atomically(file.string(), json);
  }
  return kDone;
}

}  // namespace

int evaluate(EvaluateOptions options) {
  if (!is_rank()) return evaluate_and_print(options);
  return as_rank(options.common, "evaluate", [&](const Distribution& distribution) {
    options.distribution = distribution;
    return evaluate_and_print(options);
  });
}

}  // namespace tenon::cli
