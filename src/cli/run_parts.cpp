#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/console.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "train/distribution_maker.hpp"

namespace tenon::cli {

const SplitTable& require_split(const Experiment& experiment, const std::string& name) {
  const SplitTable* split = experiment.split(name);
  if (split != nullptr) return *split;
  std::vector<std::string> known;
  for (const SplitTable& each : experiment.splits) known.push_back(each.name);
  Problems problems(experiment.file);
  problems.unknown(0, "split", name, known);
  throw FormatError(problems.all());
}

namespace {

namespace fs = std::filesystem;

/// Weights that a run left which has not ended, as --weights; empty if there are none.
std::string weights_left_in(const fs::path& output) {
  for (const char* name : {"interrupted.keras", "stopped.keras"}) {
    if (fs::exists(output / name)) return (output / name).string();
  }
  return {};
}

void warn_of_fallback(const Experiment& experiment, std::string_view doing) {
  const fs::path path = *experiment.model_path;
  const bool drawn = path.extension() == ".json";
  const std::string& output = experiment.fit ? experiment.fit->output : "";
  Diagnostic warning = make_diagnostic(
      "F001", fmt::format("{}: {} {}",
                          output.empty() ? "there is no output folder in [fit]"
                                         : "no training has ended in " + visible(output),
                          doing,
                          drawn ? "the untrained model " + visible(path.string())
                                : "the model of [model] path, " + visible(path.string())));
  warning.severity = Severity::kWarning;
  const std::string left = output.empty() ? "" : weights_left_in(output);
  Fix fix;
  fix.text = left.empty() ? "run tenon train first, or name weights: --weights FILE"
                          : "take what was trained until then: --weights " + left;
  warning.fixes.push_back(std::move(fix));
  print_error(render_text(warning, {.color = color_wanted()}));
}

}  // namespace

RunModel run_model(const Experiment& experiment, const std::string& weights, std::string_view doing,
                   const Distribution& distribution) {
  if (weights.ends_with(".weights.h5")) {
    RunModel run{build_model(experiment), weights};
    run.model.load_weights(weights);
    return run;
  }
  if (!weights.empty()) return {load_model_file(weights, experiment.seed), weights};
  if (experiment.fit && !experiment.fit->output.empty()) {
    const std::string trained = (fs::path(experiment.fit->output) / "model.keras").string();
    if (fs::exists(trained)) return {load_model_file(trained, experiment.seed), trained};
  }
  RunModel run{build_model(experiment), *experiment.model_path, true};
  if (distribution.rank() == 0) warn_of_fallback(experiment, doing);
  return run;
}

Distribution settled_distribution(const Experiment& experiment, const Distribution& distribution) {
  if (distribution.alone() || !experiment.fit) return distribution;
  return DistributionMaker::with_options(distribution, experiment.fit->distribution);
}

void require_ending(const std::string& command, const std::string& path,
                    const std::vector<std::string>& endings) {
  const bool known = std::any_of(endings.begin(), endings.end(),
                                 [&](const std::string& each) { return path.ends_with(each); });
  if (known) return;
  throw FormatError(make_diagnostic("C001",
                                    fmt::format("{} cannot write {}", command, quote_key(path)), {},
                                    fmt::format("end it with {}", fmt::join(endings, " or "))));
}

std::vector<std::pair<std::string, std::vector<std::string>>> class_names(
    const Experiment& experiment) {
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  for (const StageTable& stage : experiment.stages) {
    if (stage.op != "encode") continue;
    std::string key;
    std::vector<std::string> classes;
    for (const auto& [name, value] : stage.arguments) {
      const auto* text = std::get_if<std::string>(&value.value);
      if (name == "to" && text != nullptr) key = *text;
      if (name == "classes") classes = as_texts(value).value_or(classes);
    }
    if (!key.empty()) out.emplace_back(key, classes);
  }
  return out;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

void write_bad_samples(const std::string& path, const std::vector<BadSample>& bad_samples) {
  if (bad_samples.empty()) return;
  const auto row_of = [](const SampleIdentity& sample) {
    return sample.row < 0 ? std::string() : std::to_string(sample.row);
  };
  std::string text = "split,file,row,id,source,source_row,stage,reason\n";
  for (const BadSample& bad : bad_samples) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", bad.split, csv_cell(bad.sample.file),
                        row_of(bad.sample), csv_cell(bad.sample.id), csv_cell(bad.source.file),
                        row_of(bad.source), csv_cell(bad.stage.name), csv_cell(bad.reason));
  }
  write_file_atomically(path, text);
}

}  // namespace tenon::cli
