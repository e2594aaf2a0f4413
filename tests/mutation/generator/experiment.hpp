#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/dtype.hpp"
#include "toml_text.hpp"

/// Experiments as the generator of mutations knows them: what each key is, and which stage made it
/// so, is written down while the experiment is put together. Nothing here asks the contract's code.
namespace tenon::mutation {

/// In place of a stage's id.
constexpr int kSource = -1;    ///< The source of the split.
constexpr int kNoStage = -2;   ///< The diagnostic has no stage.
constexpr int kAnyStage = -3;  ///< The contract does not say which.

struct Argument {
  std::string name;
  Value value;
};

struct Stage {
  int id = 0;
  std::string op;
  std::vector<Argument> arguments;
  std::vector<std::string> only;

  Argument* find(const std::string& argument);
  const Argument* find(const std::string& argument) const;
};

/// kImageBytes: a PNG file's; kNames: what a source calls its samples.
enum class Fill { kFiles, kWords, kIntegers, kFloats, kImageBytes, kNames };

/// A column of a CSV file, or an array of an .npz.
struct Column {
  std::string name;
  Fill fill = Fill::kFloats;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> dims;  ///< Of a sample.
  int high = 100;                  ///< Integers from 0 to high - 1.
  int low = 0;
  std::vector<std::string> words;
};

/// What the data give under one name before they are batched, and who made it so (ids of stages).
struct KeyState {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> dims;  ///< -1: not known before reading.
  int created_by = kSource;
  int named_by = kSource;
  int dtype_by = kSource;
  std::vector<int> set_by;  ///< Per axis of a sample.
};

struct InputPlan {
  std::string name;
  std::vector<std::int64_t> dims;
  bool rescales = false;  ///< The model begins with Rescaling.
};

enum class OutputForm { kClassIds, kOneHot, kBinary, kNumber, kMask };

struct OutputPlan {
  std::string name;
  OutputForm form = OutputForm::kNumber;
  std::int64_t units = 1;
  std::vector<std::int64_t> dims;  ///< kMask: (height, width, 1).
};

struct SplitPlan {
  std::string name;
  int rows = 24;
  std::string reads{};               ///< The split whose file or folder it reads; empty: its own.
  std::vector<std::string> lines{};  ///< Further lines of its table.
  std::optional<std::vector<Argument>> source_arguments{};  ///< In place of the experiment's.
};

/// A table of [fit] by output name: loss, metrics, class_weight, …
struct FitMap {
  std::string name;
  std::vector<std::pair<std::string, std::string>> entries;  ///< Name, value as TOML.
};

struct CallbackPlan {
  std::vector<std::pair<std::string, std::string>> entries;  ///< Value as TOML.
};

enum class Layout { kList, kTables, kCommented, kCrowded };

struct Experiment {
  std::string name;
  std::uint64_t seed = 0;
  Layout layout = Layout::kList;

  std::vector<InputPlan> inputs;
  std::vector<OutputPlan> outputs;
  std::uint64_t model_seed = 0;

  std::string source_kind;  ///< "csv", "npz", "folder", "tfrecord", "webdataset"
  int shards = 1;           ///< Files that each split is made of.
  std::vector<Argument> source_arguments;
  std::vector<Column> columns;
  std::string pool;  ///< The folder of images that file names are of.
  std::vector<Stage> stages;
  std::vector<SplitPlan> splits;
  int next_id = 0;

  std::vector<FitMap> fit_maps;
  std::vector<std::pair<std::string, std::string>> fit_values;
  std::vector<CallbackPlan> callbacks;

  std::map<std::string, KeyState> keys;  ///< As they reach the model.

  const SplitPlan* split(const std::string& wanted) const;
  FitMap* fit_map(const std::string& wanted);
  const InputPlan* input(const std::string& wanted) const;
  std::optional<std::size_t> place_of(int id) const;
  std::optional<std::size_t> place_of_op(const std::string& op) const;
};

/// What a stage may be asked of by line.
struct Rendered {
  std::string text;
  std::map<int, int> stage_line;
  std::map<std::string, int> split_line;
  std::map<std::string, int> fit_line;       ///< By the key of [fit].
  std::map<std::string, int> argument_line;  ///< "ID.argument"
};

/// The line of a place, as Fault::places has them; 0: there is none.
int line_of(const Rendered& rendered, const std::string& place);

/// The experiment file. `data_stem` is how the names of its data files begin.
Rendered render(const Experiment& experiment, const std::string& model_file,
                const std::string& data_stem);

/// True if a key of data stands in the stage's arguments.
bool mentions(const Stage& stage, const std::string& key);
/// The place behind the last stage that mentions `key`, or makes it: a stage that takes it away
/// there breaks nothing between.
std::size_t behind_last_mention(const Experiment& experiment, const std::string& key);
/// The index of stage `id` in the list of `split`, from 0; the source has -1.
int index_in(const Experiment& experiment, const std::string& split, int id);
/// Renames a key wherever the data side has it: columns, stages, states; model and [fit] stay.
void rename_data_key(Experiment& experiment, const std::string& from, const std::string& to);
/// Puts a stage in; returns its id.
int insert_stage(Experiment& experiment, std::size_t place, std::string op,
                 std::vector<Argument> arguments, std::vector<std::string> only = {});
/// Any name that an input, an output, a column or a stage uses.
bool name_taken(const Experiment& experiment, const std::string& name);

}  // namespace tenon::mutation
