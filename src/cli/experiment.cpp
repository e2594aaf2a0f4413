#include "cli/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>

#include "cli/known_words.hpp"
#include "cli/toml_tree.hpp"
#include "core/address.hpp"
#include "core/byte_size.hpp"
#include "core/name_list.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using data::ArgumentValue;

constexpr std::array<const char*, 3> kSplits = {"train", "validation", "test"};
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{16} << 20;

const data::StageEntry* find_stage(const std::string& op) {
  for (const data::StageEntry* entry : all_stages()) {
    if (entry->op == op) return entry;
  }
  return nullptr;
}

const data::SourceEntry* find_source(const std::string& kind) {
  for (const data::SourceEntry* entry : all_sources()) {
    if (entry->kind == kind) return entry;
  }
  return nullptr;
}

void check_against(std::string_view owner, const data::ArgumentMap& arguments,
                   const std::vector<data::ArgumentDescriptor>& known, int line,
                   Problems& problems) {
  for (Diagnostic& problem :
       data::check_arguments(owner, arguments, known, problems.file(), line)) {
    problems.add(std::move(problem));
  }
}

/// Takes one entry out of a map of arguments.
std::optional<ArgumentValue> take(data::ArgumentMap& map, std::string_view key) {
  const auto found =
      std::find_if(map.begin(), map.end(), [&](const auto& entry) { return entry.first == key; });
  if (found == map.end()) return std::nullopt;
  ArgumentValue value = std::move(found->second);
  map.erase(found);
  return value;
}

std::optional<std::string> take_text(data::ArgumentMap& map, std::string_view key,
                                     std::string_view owner, Problems& problems) {
  const auto value = take(map, key);
  if (!value) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
  problems.add(value->line, fmt::format("{} of {} is {} where a text is expected", key, owner,
                                        type_word(*value)));
  return std::nullopt;
}

std::optional<StageTable> read_stage(const ArgumentValue& entry, Problems& problems) {
  StageTable stage;
  stage.line = entry.line;
  const auto* map = std::get_if<data::ArgumentMap>(&entry.value);
  if (map == nullptr) {
    problems.add(entry.line,
                 fmt::format("a stage is {} where a table is expected", type_word(entry)),
                 "write { op = \"batch\", size = 32 }");
    return std::nullopt;
  }
  stage.arguments = *map;
  const auto op = take_text(stage.arguments, "op", "a stage", problems);
  if (!op) {
    problems.add(entry.line, "a stage has no op", "write { op = \"batch\", size = 32 }");
    return std::nullopt;
  }
  stage.op = *op;
  if (const auto only = take(stage.arguments, "only")) {
    const auto names = as_texts(*only);
    if (names) stage.only = *names;
    if (!names) problems.add(only->line, "only is a list of splits", "write only = [\"train\"]");
  }
  const data::StageEntry* known = find_stage(stage.op);
  if (known == nullptr) {
    std::vector<std::string> ops;
    for (const data::StageEntry* each : all_stages()) ops.emplace_back(each->op);
    problems.unknown(stage.line, "op", stage.op, ops);
    return std::nullopt;
  }
  check_against(fmt::format("op {}", stage.op), stage.arguments, known->arguments, stage.line,
                problems);
  return stage;
}

void read_source(const ArgumentValue& value, SplitTable& split, Problems& problems) {
  const auto* map = std::get_if<data::ArgumentMap>(&value.value);
  if (map == nullptr) {
    problems.add(value.line,
                 fmt::format("source of data.{} is {} where a table is expected", split.name,
                             type_word(value)),
                 "write source = { kind = \"csv\", path = \"train.csv\" }");
    return;
  }
  split.arguments = *map;
  const auto kind = take_text(split.arguments, "kind", "source", problems);
  if (!kind) {
    problems.add(value.line, fmt::format("source of data.{} has no kind", split.name),
                 "write kind = \"csv\"");
    return;
  }
  split.kind = *kind;
  const data::SourceEntry* known = find_source(split.kind);
  if (known == nullptr) {
    std::vector<std::string> kinds;
    for (const data::SourceEntry* each : all_sources()) kinds.emplace_back(each->kind);
    problems.unknown(value.line, "kind of source", split.kind, kinds);
    return;
  }
  check_against(fmt::format("source {}", split.kind), split.arguments, known->arguments, value.line,
                problems);
}

SplitTable read_split(const std::string& name, const ArgumentValue& table, Problems& problems) {
  SplitTable split;
  split.name = name;
  split.line = table.line;
  TableReader reader(table, fmt::format("data.{}", name), problems);
  split.source_line = table.line;
  if (const auto* source = reader.any("source")) {
    split.source_line = source->line;
    read_source(*source, split, problems);
  } else {
    problems.add(table.line, fmt::format("data.{} has no source", name),
                 "write source = { kind = \"csv\", path = \"train.csv\" }");
  }
  if (const auto policy = reader.text("on_bad_sample")) {
    if (*policy == "stop") {
      split.bad_samples.policy = BadSamplePolicy::kStop;
    } else if (*policy == "skip") {
      split.bad_samples.policy = BadSamplePolicy::kSkip;
    } else if (*policy == "quarantine") {
      split.bad_samples.policy = BadSamplePolicy::kQuarantine;
    } else {
      problems.unknown(reader.any("on_bad_sample")->line, "value of on_bad_sample", *policy,
                       {"stop", "skip", "quarantine"});
    }
  }
  if (const auto budget = reader.number("max_bad")) {
    split.bad_samples.max_bad = *budget;
    if (*budget < 0.0 || *budget > 1.0) {
      problems.add(reader.any("max_bad")->line,
                   fmt::format("max_bad is {} where a share from 0 to 1 is expected", *budget));
    }
  }
  reader.finish();
  return split;
}

DatasetOptions read_data_options(TableReader& reader, Problems& problems) {
  DatasetOptions options;
  if (const auto* budget = reader.any("ram_budget")) {
    const auto* number = std::get_if<std::int64_t>(&budget->value);
    const auto* text = std::get_if<std::string>(&budget->value);
    const auto bytes = text != nullptr ? parse_bytes(*text) : std::nullopt;
    if ((number != nullptr && *number >= 0) || bytes) {
      options.ram_budget = bytes ? *bytes : *number;
    } else {
      problems.add(budget->line, "ram_budget of data is a number of bytes, or a text like \"1 GB\"",
                   "write ram_budget = \"1 GB\"");
    }
  }
  if (const auto seconds = reader.number("stall_timeout")) {
    options.stall_timeout = *seconds;
    if (!(*seconds >= 0.0)) {
      problems.add(
          reader.any("stall_timeout")->line,
          fmt::format("stall_timeout is {} where seconds are expected, or 0 for never", *seconds));
    }
  }
  return options;
}

void check_only(const StageTable& stage, const Experiment& experiment, Problems& problems) {
  for (const std::string& name : stage.only) {
    if (experiment.split(name) != nullptr) continue;
    if (std::find(kSplits.begin(), kSplits.end(), name) == kSplits.end()) {
      problems.unknown(stage.line, "split in only", name, {kSplits.begin(), kSplits.end()});
      continue;
    }
    std::vector<std::string> there;
    for (const SplitTable& split : experiment.splits) there.push_back(split.name);
    problems.add(stage.line,
                 fmt::format("only of {} names {}, and there is no [data.{}]; there {} {}",
                             stage.op, quote_key(name), name, there.size() == 1 ? "is" : "are",
                             there.empty() ? "none" : list_names(there)),
                 fmt::format("take {} out of only, or write [data.{}]", quote_key(name), name));
  }
}

void read_data(const ArgumentValue& table, Experiment& experiment, Problems& problems) {
  TableReader reader(table, "data", problems);
  if (const auto* stages = reader.any("stages")) {
    const auto* list = std::get_if<ArgumentValue::List>(&stages->value);
    if (list == nullptr) problems.add(stages->line, "stages of data is a list of tables");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (auto stage = read_stage((*list)[i], problems))
        experiment.stages.push_back(std::move(*stage));
    }
  }
  experiment.group = reader.text("group").value_or("");
  experiment.data_options = read_data_options(reader, problems);
  for (const char* name : kSplits) {
    if (const auto* split = reader.any(name))
      experiment.splits.push_back(read_split(name, *split, problems));
  }
  reader.finish();
  for (const StageTable& stage : experiment.stages) check_only(stage, experiment, problems);
}

std::string absolute(const Experiment& experiment, const std::string& path) {
  return normal_path(path_below(experiment.folder, path));
}

std::uint64_t read_seed(TableReader& reader, Problems& problems) {
  const std::int64_t seed = reader.integer("seed").value_or(0);
  if (seed < 0) {
    problems.add(reader.any("seed")->line,
                 fmt::format("seed is {} where 0 or more is expected", seed),
                 fmt::format("write seed = {}",
                             seed == std::numeric_limits<std::int64_t>::min() ? 0 : -seed));
  }
  return static_cast<std::uint64_t>(seed);
}

void read_tables(const ArgumentValue& root, Experiment& experiment, ExperimentNeeds needs,
                 Problems& problems) {
  TableReader reader(root, "the file", problems);
  experiment.name = reader.text("name").value_or(fs::path(experiment.file).stem().string());
  experiment.seed = read_seed(reader, problems);
  if (const auto* model = reader.any("model")) {
    TableReader table(*model, "model", problems);
    experiment.model_line = model->line;
    if (const auto path = table.text("path")) experiment.model_path = absolute(experiment, *path);
    table.finish();
  }
  if (const auto* data = reader.any("data")) read_data(*data, experiment, problems);
  if (const auto* fit = reader.any("fit")) experiment.fit = read_fit(*fit, experiment, problems);
  reader.finish();
  if (experiment.splits.empty())
    problems.add(1, "there is no [data.train], [data.validation] or [data.test]");
  if (needs.model && !experiment.model_path) {
    problems.add(std::max(experiment.model_line, 1), "there is no path in [model]",
                 "write path = \"model.keras\"");
  }
  if (needs.fit && !experiment.fit) problems.add(1, "there is no [fit]", "write [fit] with a loss");
}

}  // namespace

bool StageTable::is_for(const std::string& split) const {
  return only.empty() || std::find(only.begin(), only.end(), split) != only.end();
}

const SplitTable* Experiment::split(const std::string& wanted) const {
  for (const SplitTable& each : splits) {
    if (each.name == wanted) return &each;
  }
  return nullptr;
}

Experiment parse_experiment(const std::string& text, const std::string& file,
                            const std::vector<std::string>& sets, ExperimentNeeds needs) {
  Experiment experiment;
  experiment.file = file;
  experiment.sets = sets;
  experiment.folder = fs::absolute(fs::path(file)).parent_path().string();
  ArgumentValue root = parse_toml(text, file);
  for (std::size_t i = 0; i < sets.size(); ++i) set_value(root, sets[i], set_line(i));
  Problems problems(file, sets);
  read_tables(root, experiment, needs, problems);
  if (!problems.all().empty()) throw FormatError(problems.all());
  return experiment;
}

std::string read_experiment_text(const std::string& file) { return read_file(file, kMaxFileBytes); }

Experiment load_experiment(const std::string& file, const std::vector<std::string>& sets,
                           ExperimentNeeds needs) {
  return parse_experiment(read_experiment_text(file), file, sets, needs);
}

namespace {

/// Where complaints about these arguments are to point: their line, or a --set among them.
int line_of_table(const data::ArgumentMap& arguments, int line) {
  return line_of({arguments, line});
}

/// Turns what a stage or a source says of its arguments (A001) into C001 with file and line. Where
/// one of them did not work the others are still tried, so that all is told at once; what else goes
/// wrong then may come of it, and is not told.
class BuildProblems {
 public:
  explicit BuildProblems(const Experiment& experiment)
      : problems_(experiment.file, experiment.sets) {}

  /// `build` gives the next dataset of `dataset`.
  template <class Build>
  void add_to(Dataset& dataset, int line, Build build) {
    try {
      dataset = build();
    } catch (const ContractError& error) {
      if (error.code() == "A001") {
        problems_.add(error, line);
      } else if (problems_.all().empty()) {
        throw;
      }
    }
  }
  void throw_all() const {
    if (!problems_.all().empty()) throw FormatError(problems_.all());
  }

 private:
  Problems problems_;
};

}  // namespace

const Dataset& SourceCache::source(const Experiment& experiment, const SplitTable& split) {
  const std::string name =
      fmt::format("{} {} {}", split.kind, split.line, to_toml({split.arguments, 0}));
  for (const auto& [known, dataset] : known_) {
    if (known == name) return dataset;
  }
  const SourceLocation here{intern_file(experiment.file.c_str()), split.line};
  try {
    known_.emplace_back(name,
                        find_source(split.kind)->make(split.arguments, experiment.folder, here));
  } catch (const ContractError& error) {
    if (error.code() != "A001") throw;
    Problems problems(experiment.file, experiment.sets);
    problems.add(error, line_of_table(split.arguments, split.source_line));
    throw FormatError(problems.all());
  }
  return known_.back().second;
}

Dataset build_dataset(const Experiment& experiment, const SplitTable& split, SourceCache& sources) {
  const char* file = intern_file(experiment.file.c_str());
  Dataset dataset = sources.source(experiment, split);
  BuildProblems problems(experiment);
  for (const StageTable& stage : experiment.stages) {
    if (!stage.is_for(split.name)) continue;
    data::ArgumentMap arguments = stage.arguments;
    for (auto& [key, value] : arguments) {
      auto* text = std::get_if<std::string>(&value.value);
      // An empty folder of a cache stands for none.
      const bool is_path = key == "root" || (key == "folder" && text != nullptr && !text->empty());
      if (is_path && text != nullptr) *text = absolute(experiment, *text);
    }
    problems.add_to(dataset, line_of_table(stage.arguments, stage.line), [&] {
      return find_stage(stage.op)->apply(dataset, arguments, SourceLocation{file, stage.line});
    });
  }
  problems.throw_all();
  return dataset.on_bad_sample(split.bad_samples).with_options(experiment.data_options);
}

Dataset build_dataset(const Experiment& experiment, const SplitTable& split) {
  SourceCache sources;
  return build_dataset(experiment, split, sources);
}

Model load_model_file(const std::string& path, std::uint64_t seed) {
  const std::string ending = fs::path(path).extension().string();
  if (fs::is_directory(path)) {
    throw_file_error(path, "is a folder", "a model file: .keras, or the .json of its layers",
                     "name the file in it, model.keras");
  }
  if (ending == ".keras") return load_model(path, {.compile = false});
  if (ending == ".json") {
    Model model = Model::from_json(read_file(path));
    model.initialize(seed);
    return model;
  }
  throw_file_error(path, fmt::format("a model file that ends with \"{}\"", ending),
                   "a .keras file, or the .json that Keras's model.to_json() gives",
                   "save the model as .keras");
}

Model build_model(const Experiment& experiment) {
  return load_model_file(*experiment.model_path, experiment.seed);
}

}  // namespace tenon::cli
