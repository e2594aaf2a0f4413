#include "cli/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
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

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

Evaluation evaluate_split(Model& model, const Experiment& experiment, const std::string& split) {
  const Dataset dataset = build_dataset(experiment, require_split(experiment, split));
  const FitTable& fit = *experiment.fit;
  Evaluation out;
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
  out["samples"] = evaluation.samples;
  out["bad_samples"] = evaluation.bad_samples.size();
  for (const auto& [name, value] : evaluation.logs) out["metrics"][name] = number(value);
  for (const auto& [name, confusion] : evaluation.confusions) {
    nlohmann::ordered_json& entry = out["outputs"][name];
    entry["accuracy"] = number(confusion.accuracy());
    for (std::size_t i = 0; i < confusion.classes.size(); ++i) {
      entry["recall"][confusion.classes[i]] = number(confusion.recall(i));
      entry["precision"][confusion.classes[i]] = number(confusion.precision(i));
    }
    entry["confusion"] = confusion.counts;
  }
  return out.dump(2);
}

int evaluate(const EvaluateOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.sets);
  Model model = trained_model(experiment, options.weights);
  const ConsoleSinks sinks(options.common);
  model.compile(experiment.fit->compile,
                {intern_file(experiment.file.c_str()), experiment.fit->line});
  const Evaluation found = evaluate_split(model, experiment, options.split);
  const std::string json = to_json(found) + "\n";
  if (!experiment.fit->output.empty()) {
    const auto file = std::filesystem::path(experiment.fit->output) /
                      fmt::format("evaluate_{}.json", options.split);
    write_file_atomically(file.string(), json);
  }
  print(options.common.format == Format::kJson ? json : to_text(found));
  return 0;
}

}  // namespace tenon::cli
