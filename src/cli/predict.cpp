#include <fmt/format.h>

#include <filesystem>

#include "cli/as_rank.hpp"
#include "cli/commands.hpp"
#include "cli/json_value.hpp"
#include "cli/predicted_volumes.hpp"
#include "cli/run_parts.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

/// One array per output in source order, and the samples' positions in the source.
void write_result(const std::string& path, const PredictResult& result) {
  NamedTensors arrays = result.outputs;
  if (!result.samples.empty()) {
    Tensor index(DType::kInt64, {static_cast<std::int64_t>(result.samples.size())});
    for (std::size_t i = 0; i < result.samples.size(); ++i)
      index.data<std::int64_t>()[i] = result.samples[i].index;
    arrays.emplace_back("sample_index", std::move(index));
  }
  save_npz(path, arrays);
}

std::string to_json(const PredictOptions& options, const PredictResult& result,
                    const std::string& model) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["model"] = model;
  out["output"] = options.output;
  out["samples"] = result.outputs.empty() ? 0 : result.outputs.front().second.dim(0);
  out["bad_samples"] = result.bad_samples.size();
  for (const auto& [name, value] : result.outputs) {
    out["outputs"][name]["dtype"] = name_of(value.dtype());
    out["outputs"][name]["shape"] = value.shape().dims();
  }
  return json_output(out);
}

/// A problem of arrays of a file: the file is to be mended, not a pipeline.
Diagnostic as_of_file(Diagnostic problem, const std::string& file) {
  problem.stage = StageReference{-1, "npz", {intern_file(file.c_str()), 0}};
  std::string text;
  for (KeyReport& key : problem.keys) key.stage.reset();
  if (!problem.candidate.empty() && !problem.keys.empty()) {
    text = fmt::format("name the array {} {}", quote_key(problem.candidate),
                       quote_key(problem.keys.front().key));
  } else if (problem.code == "K010") {
    text = "leave it out of the file";
  } else if (problem.code == "S003") {
    text = "give the two arrays each other's names";
  }
  if (!text.empty()) problem.fixes = {Fix{text, "", "", {}}};
  return problem;
}

NamedTensors predict_file(Model& model, const std::string& file) {
  NamedTensors arrays = load_npz(file);
  try {
    return model.predict_on_batch(Inputs(std::move(arrays)));
  } catch (const ContractError& error) {
    std::vector<Diagnostic> problems;
    for (const Diagnostic& problem : error.diagnostics())
      problems.push_back(as_of_file(problem, file));
    throw ContractError(std::move(problems));
  }
}

int predict_arrays(const PredictOptions& options) {
  Model model = load_model_file(options.subject, 0);
  PredictResult result;
  result.outputs = predict_file(model, options.inputs);
  save_npz(options.output, result.outputs);
  if (options.common.format == Format::kJson) print(to_json(options, result, options.subject));
  return kDone;
}

void tell(const PredictOptions& options, const PredictResult& result) {
  if (options.common.quiet || result.outputs.empty()) return;
  print_error(
      fmt::format("{} samples -> {}\n", result.outputs.front().second.dim(0), options.output));
  for (const BadSample& bad : result.bad_samples) {
    print_error(fmt::format("  left out: {}: {}\n", to_string(bad.source), bad.reason));
  }
}

int predict_split(const PredictOptions& options) {
  const std::string ending = std::filesystem::path(options.subject).extension().string();
  if (ending == ".keras" || ending == ".json") {
    throw FormatError(make_diagnostic(
        "C001", "tenon predict MODEL needs --inputs", {},
        "write tenon predict " + options.subject + " --inputs X.npz --output Y.npz"));
  }
  const Experiment experiment =
      load_experiment(options.subject, options.sets, {.model = true, .fit = false});
  const Distribution distribution = settled_distribution(experiment, options.distribution);
  auto [model, path, fallback] =
      run_model(experiment, options.weights, "predicting with", distribution);
  const ConsoleSinks sinks(options.common);
  PredictArguments arguments;
  arguments.distribution = distribution;
  if (experiment.fit) {
    model.compile(experiment.fit->compile);
    arguments.ignore_keys = experiment.fit->fit.ignore_keys;
    arguments.data_threads = experiment.fit->fit.data_threads;
  }
  const Dataset dataset = build_dataset(experiment, require_split(experiment, options.split));
  if (!options.window.empty()) {
    arguments.sliding_window = SlidingWindow{.size = options.window,
                                             .overlap = options.overlap,
                                             .blend = options.blend,
                                             .batch_size = options.window_batch};
  }
  if (is_volume_path(options.output)) return predict_volumes(options, model, dataset, arguments);
  const PredictResult result = model.predict(dataset, arguments);
  if (distribution.rank() != 0) return kDone;
  write_result(options.output, result);
  tell(options, result);
  if (options.common.format == Format::kJson) print(to_json(options, result, path));
  return kDone;
}

}  // namespace

int predict(PredictOptions options) {
  if (!is_volume_path(options.output)) {
    require_ending("predict", options.output, {".npz"});
    if (options.labels) {
      throw FormatError(make_diagnostic("C001", "predict --labels with --output " + options.output,
                                        {}, "write volumes: --output labels.nii.gz"));
    }
  }
  if (!options.inputs.empty()) {
    require_ending("predict --inputs", options.output, {".npz"});
    return is_silent_rank() ? static_cast<int>(kDone) : predict_arrays(options);
  }
  if (!is_rank()) return predict_split(options);
  return as_rank(options.common, "predict", [&](const Distribution& distribution) {
    options.distribution = distribution;
    return predict_split(options);
  });
}

}  // namespace tenon::cli
