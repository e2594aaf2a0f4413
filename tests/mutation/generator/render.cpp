#include <algorithm>

#include "experiment.hpp"

namespace tenon::mutation {
namespace {

/// Text that knows which line it is on.
class Page {
 public:
  void add(const std::string& text) {
    out_.text += text;
    line_ += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
  int line() const { return line_; }
  Rendered& out() { return out_; }

 private:
  Rendered out_;
  int line_ = 1;
};

/// The file of a split, or a pattern of several.
std::string data_path(const Experiment& experiment, const std::string& stem,
                      const std::string& split) {
  const std::string ending =
      experiment.source_kind == "webdataset" ? "tar" : experiment.source_kind;
  std::string path = stem + "_" + split;
  if (experiment.shards > 1) path += "-{0.." + std::to_string(experiment.shards - 1) + "}";
  return path + "." + ending;
}

std::string only_text(const Stage& stage) { return to_toml(texts(stage.only)); }

std::string inline_stage(const Stage& stage) {
  std::string out = "{ op = " + toml_string(stage.op);
  for (const Argument& argument : stage.arguments) {
    out += ", " + toml_key(argument.name) + " = " + to_toml(argument.value);
  }
  if (!stage.only.empty()) out += ", only = " + only_text(stage);
  return out + " }";
}

void note_stage(Page& page, const Stage& stage) {
  page.out().stage_line[stage.id] = page.line();
  for (const Argument& argument : stage.arguments) {
    page.out().argument_line[std::to_string(stage.id) + "." + argument.name] = page.line();
  }
}

void add_list(Page& page, const Experiment& experiment) {
  page.add("[data]\nstages = [\n");
  const bool commented = experiment.layout == Layout::kCommented;
  for (std::size_t i = 0; i < experiment.stages.size(); ++i) {
    const Stage& stage = experiment.stages[i];
    if (commented && i % 3 == 1) page.add("  # then: " + stage.op + ", { not a stage }\n");
    note_stage(page, stage);
    const bool pair = experiment.layout == Layout::kCrowded && i % 4 == 0;
    page.add((i > 0 && experiment.layout == Layout::kCrowded && i % 4 == 1 ? " " : "  ") +
             inline_stage(stage) + ",");
    if (pair && i + 1 < experiment.stages.size()) continue;
    page.add(commented && i % 2 == 0 ? "  # \"" + stage.op + "\", as ever\n" : "\n");
  }
  page.add("]\n");
}

void add_tables(Page& page, const Experiment& experiment) {
  page.add("[data]\n");
  for (const Stage& stage : experiment.stages) {
    page.add("\n");
    page.out().stage_line[stage.id] = page.line();
    page.add("[[data.stages]]\nop = " + toml_string(stage.op) + "\n");
    for (const Argument& argument : stage.arguments) {
      page.out().argument_line[std::to_string(stage.id) + "." + argument.name] = page.line();
      page.add(toml_key(argument.name) + " = " + to_toml(argument.value) + "\n");
    }
    page.out().argument_line[std::to_string(stage.id) + ".only"] = page.line();
    if (!stage.only.empty()) page.add("only = " + only_text(stage) + "\n");
  }
}

void add_splits(Page& page, const Experiment& experiment, const std::string& stem) {
  for (const SplitPlan& split : experiment.splits) {
    page.add("\n");
    page.out().split_line[split.name] = page.line();
    page.add("[data." + split.name + "]\n");
    const bool folder = experiment.source_kind == "folder";
    const std::string& own = split.reads.empty() ? split.name : split.reads;
    const std::string path =
        folder ? experiment.pool + "/" + own : data_path(experiment, stem, own);
    std::string source = "source = { kind = " + toml_string(experiment.source_kind) +
                         ", path = " + toml_string(path);
    for (const Argument& argument : split.source_arguments.value_or(experiment.source_arguments)) {
      source += ", " + toml_key(argument.name) + " = " + to_toml(argument.value);
    }
    page.add(source + " }\n");
    for (const std::string& line : split.lines) page.add(line + "\n");
  }
}

std::string table_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out;
  for (const auto& [key, value] : entries)
    out += (out.empty() ? "{ " : ", ") + toml_key(key) + " = " + value;
  return out + " }";
}

void add_fit(Page& page, const Experiment& experiment) {
  page.add("\n[fit]\n");
  const auto add_line = [&](const std::string& key, const std::string& value) {
    page.out().fit_line[key] = page.line();
    page.add(key + " = " + value + "\n");
  };
  for (const auto& [key, value] : experiment.fit_values) add_line(key, value);
  for (const FitMap& map : experiment.fit_maps) {
    // A map of one entry with an empty name stands for all outputs.
    const bool plain = map.entries.size() == 1 && map.entries.front().first.empty();
    add_line(map.name, plain ? map.entries.front().second : table_of(map.entries));
  }
  if (experiment.callbacks.empty()) return;
  page.out().fit_line["callbacks"] = page.line();
  page.add("callbacks = [\n");
  for (std::size_t i = 0; i < experiment.callbacks.size(); ++i) {
    page.out().fit_line["callbacks." + std::to_string(i)] = page.line();
    page.add("  " + table_of(experiment.callbacks[i].entries) + ",\n");
  }
  page.add("]\n");
}

}  // namespace

int line_of(const Rendered& rendered, const std::string& place) {
  const std::size_t dot = place.find('.');
  const std::string what = place.substr(0, dot);
  const std::string name = place.substr(dot + 1);
  const auto find = [](const auto& map, const auto& key) {
    const auto found = map.find(key);
    return found == map.end() ? 0 : found->second;
  };
  if (what == "fit") return find(rendered.fit_line, name);
  if (what == "stage") return find(rendered.stage_line, std::stoi(name));
  if (what == "argument") return find(rendered.argument_line, name);
  if (what == "split") return find(rendered.split_line, name);
  return find(rendered.split_line, name) + 1;
}

Rendered render(const Experiment& experiment, const std::string& model_file,
                const std::string& data_stem) {
  Page page;
  if (experiment.layout == Layout::kCommented) page.add("# What is trained here, and on what.\n\n");
  page.add("name = " + toml_string(experiment.name) + "\n");
  page.add("seed = " + std::to_string(experiment.seed % 1000) + "\n\n");
  page.add("[model]\npath = " + toml_string(model_file) + "\n\n");
  experiment.layout == Layout::kTables ? add_tables(page, experiment) : add_list(page, experiment);
  add_splits(page, experiment, data_stem);
  add_fit(page, experiment);
  return std::move(page.out());
}

}  // namespace tenon::mutation
