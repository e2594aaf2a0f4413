#include "cli/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/json_value.hpp"
#include "cli/run_parts.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

/// Keys of integer targets, one row per sample, for outputs that are distributions over classes.
bool has_classes(const Port& output, const Schema& schema) {
  const auto slot = schema.find(output.name);
  if (!slot || output.spec.rank() != 2 || output.spec.shape.back().size() < 2) return false;
  return is_integer(schema[*slot].spec.dtype) && schema[*slot].spec.rank() <= 2;
}

/// The targets of `key` in source order.
Tensor collect(const Dataset& dataset, const std::string& key) {
  std::vector<Tensor> parts;
  DatasetIterator iterator = dataset.iterate();
  const std::size_t slot = dataset.schema().slot(key);
  Record record;
  while (iterator.next(record)) parts.push_back(record[slot]);
  return concatenate_rows(parts);
}

}  // namespace

Evaluation evaluate_split(Model& model, const Experiment& experiment, const std::string& split) {
  const Dataset dataset = build_dataset(experiment, require_split(experiment, split));
  const FitTable& fit = *experiment.fit;
  Evaluation out;
  out.split = split;
  EvaluateArguments arguments;
  arguments.sample_weight = fit.fit.sample_weight;
  arguments.ignore_keys = fit.fit.ignore_keys;
  arguments.data_threads = fit.fit.data_threads;
  out.logs = model.evaluate(dataset, arguments, {intern_file(experiment.file.c_str()), fit.line});
  PredictArguments again;
  again.ignore_keys = fit.fit.ignore_keys;
  again.data_threads = fit.fit.data_threads;
  const PredictResult predicted = model.predict(dataset, again);
  out.bad_samples = predicted.bad_samples;
  const auto names = class_names(experiment);
  for (const auto& [name, values] : predicted.outputs) {
    out.samples = values.dim(0);
    for (const Port& port : model.outputs()) {
      if (port.name != name || !has_classes(port, dataset.schema())) continue;
      const auto found =
          std::find_if(names.begin(), names.end(),
                       [&, key = name](const auto& entry) { return entry.first == key; });
      out.confusions.emplace_back(
          name, confusion_of(values, collect(dataset, name),
                             found == names.end() ? std::vector<std::string>{} : found->second));
    }
  }
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

int evaluate(const EvaluateOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  RunModel run = run_model(experiment, options.weights, "evaluating");
  const ConsoleSinks sinks(options.common);
  run.model.compile(experiment.fit->compile,
                    {intern_file(experiment.file.c_str()), experiment.fit->line});
  Evaluation found = evaluate_split(run.model, experiment, options.split);
  found.model = run.path;
  const std::string json = to_json(found);
  print(options.common.format == Format::kJson ? json : to_text(found));
  // What was not trained there leaves nothing there.
  if (!experiment.fit->output.empty() && !run.fallback) {
    const auto file = std::filesystem::path(experiment.fit->output) /
                      fmt::format("evaluate_{}.json", options.split);
    write_file_atomically(file.string(), json);
  }
  return 0;
}

}  // namespace tenon::cli
