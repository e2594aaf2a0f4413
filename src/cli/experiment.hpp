#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/table_reader.hpp"
#include "tenon/model.hpp"

namespace tenon::cli {

/// One stage of [data], as it stands in the file.
struct StageTable {
  std::string op;
  data::ArgumentMap arguments;
  std::vector<std::string> only;  ///< Splits it is for; empty: all.
  int line = 0;

  bool is_for(const std::string& split) const;
};

/// One [data.NAME].
struct SplitTable {
  std::string name;
  std::string kind;
  data::ArgumentMap arguments;
  BadSampleOptions bad_samples;
  int line = 0;
  int source_line = 0;  ///< Of `source =`; of the table where there is none.
};

/// [fit], in the library's own words.
struct FitTable {
  CompileArguments compile;
  FitArguments fit;
  std::string output;               ///< A folder, made absolute; empty: nothing is written.
  MpiOptions distribution{};        ///< Where mpirun made this process one of several.
  std::string save_freq = "epoch";  ///< Of the state that --resume goes on from.
  int line = 0;
};

/// An experiment file, read and checked word by word. Data and model are not looked at yet.
struct Experiment {
  std::string file;
  std::vector<std::string> sets;  ///< The --set assignments, applied.
  std::string folder;             ///< What relative paths are relative to.
  std::string name;
  std::uint64_t seed = 0;
  std::optional<std::string> model_path;  ///< Made absolute.
  int model_line = 0;
  DatasetOptions data_options{};  ///< [data] ram_budget and stall_timeout.
  std::string group;              ///< [data] group: whose values must not be in two splits.
  std::vector<StageTable> stages;
  std::vector<SplitTable> splits;
  std::optional<FitTable> fit;

  const SplitTable* split(const std::string& name) const;
};

struct ExperimentNeeds {
  bool model = true;
  bool fit = true;
};

/// Throws FormatError: F001 if the file cannot be read, C001 with all problems at once. `sets` are
/// the --set assignments, applied before the file is checked.
Experiment load_experiment(const std::string& file, const std::vector<std::string>& sets,
                           ExperimentNeeds needs = {});

/// The same of a text that stands for the file: a changed copy that is not written.
Experiment parse_experiment(const std::string& text, const std::string& file,
                            const std::vector<std::string>& sets, ExperimentNeeds needs = {});
/// The text of an experiment file. Throws FormatError (F001).
std::string read_experiment_text(const std::string& file);

/// Sources that were opened: a file that is checked again with other stages is not scanned again.
class SourceCache {
 public:
  /// The source of `split`, opened if it is not known yet. Throws what opening throws.
  const Dataset& source(const Experiment& experiment, const SplitTable& split);

 private:
  std::vector<std::pair<std::string, Dataset>> known_;
};

/// The data of one split with its stages applied. Throws ContractError or FormatError.
Dataset build_dataset(const Experiment& experiment, const SplitTable& split);
Dataset build_dataset(const Experiment& experiment, const SplitTable& split, SourceCache& sources);

/// The model of [model]: a .keras file, or Keras's JSON with weights drawn by `seed`.
Model build_model(const Experiment& experiment);
/// A model file by its ending: .keras or .json. Throws FormatError.
Model load_model_file(const std::string& path, std::uint64_t seed);

/// Reads [fit] (fit_table.cpp).
FitTable read_fit(const data::ArgumentValue& table, const Experiment& experiment,
                  Problems& problems);

}  // namespace tenon::cli
