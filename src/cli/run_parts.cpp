#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "tenon/error.hpp"
#include "tenon/file.hpp"

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

Model trained_model(const Experiment& experiment, const std::string& weights) {
  namespace fs = std::filesystem;
  if (weights.ends_with(".weights.h5")) {
    Model model = build_model(experiment);
    model.load_weights(weights);
    return model;
  }
  if (!weights.empty()) return load_model_file(weights, experiment.seed);
  if (experiment.fit && !experiment.fit->output.empty()) {
    const fs::path trained = fs::path(experiment.fit->output) / "model.keras";
    if (fs::exists(trained)) return load_model_file(trained.string(), experiment.seed);
  }
  return build_model(experiment);
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
  std::string text = "file,row,id,stage,reason\n";
  for (const BadSample& bad : bad_samples) {
    text += fmt::format("{},{},{},{},{}\n", csv_cell(bad.sample.file),
                        bad.sample.row < 0 ? std::string() : std::to_string(bad.sample.row),
                        csv_cell(bad.sample.id), csv_cell(bad.stage.name), csv_cell(bad.reason));
  }
  write_file_atomically(path, text);
}

}  // namespace tenon::cli
