// Sizes, axes, layouts and dtypes that are not the model's.
#include <algorithm>
#include <array>

#include "fault.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

InputPlan& input_of(Experiment& experiment, const std::string& name) {
  return *std::find_if(experiment.inputs.begin(), experiment.inputs.end(),
                       [&](const InputPlan& input) { return input.name == name; });
}

Fault about(const std::string& name, std::vector<std::string> codes, std::vector<int> stages) {
  Fault fault;
  fault.codes = std::move(codes);
  fault.keys = {name};
  fault.stages = std::move(stages);
  fault.subjects = {"key " + name};
  return fault;
}

std::optional<Fault> wrong_stage_size(Experiment& experiment, Draw& draw) {
  const std::string name = pick_input(experiment, draw);
  if (!experiment.keys.contains(name)) return std::nullopt;
  const KeyState& state = experiment.keys.at(name);
  if (state.dims.size() != 3 || state.set_by[0] != state.set_by[1]) return std::nullopt;
  const auto place = experiment.place_of(state.set_by[0]);
  if (!place) return std::nullopt;
  Stage& stage = experiment.stages[*place];
  Argument* size = stage.find("size");
  if (size == nullptr) size = stage.find("extent");
  if (size == nullptr) return std::nullopt;
  const int more = draw.between(1, 5);
  const bool wider = draw.chance(50);
  size->value = numbers({state.dims[0] + (wider ? 0 : more), state.dims[1] + more});
  // The first axis that differs is told; both are of the same stage.
  Fault fault = about(name, {"S002"}, {state.set_by[0]});
  fault.what = stage.op + " makes " + name + " " + to_toml(size->value);
  return fault;
}

std::optional<Fault> wrong_model_size(Experiment& experiment, Draw& draw) {
  const std::string name = pick_input(experiment, draw);
  if (!experiment.keys.contains(name)) return std::nullopt;
  const KeyState& state = experiment.keys.at(name);
  InputPlan& input = input_of(experiment, name);
  if (input.dims.empty()) return std::nullopt;
  const bool image = input.dims.size() == 3;
  const bool spatial = input.dims.size() >= 3;
  const auto axis = static_cast<std::size_t>(draw.below(
      spatial ? static_cast<int>(input.dims.size()) - 1 : static_cast<int>(input.dims.size())));
  input.dims[axis] += draw.between(1, 4);
  // Two axes of the same size might look like another layout.
  if (image && (input.dims[0] == state.dims[1] && input.dims[1] == state.dims[0]))
    return std::nullopt;
  Fault fault = about(name, {"S002"}, {state.set_by[axis]});
  fault.what = "the model wants another size of " + name;
  // A vector cannot be made longer by a stage.
  fault.fixable = image;
  return fault;
}

std::optional<Fault> wrong_channels(Experiment& experiment, Draw& draw) {
  const std::string name = pick_input(experiment, draw);
  if (!experiment.keys.contains(name)) return std::nullopt;
  const KeyState& state = experiment.keys.at(name);
  if (state.dims.size() != 3) return std::nullopt;
  Stage* load = nullptr;
  for (Stage& stage : experiment.stages) {
    if (stage.op == "load_image") load = &stage;
    const Argument* mean = stage.find("mean");
    if (mean != nullptr && mean->value.text.starts_with("[")) return std::nullopt;
  }
  if (load == nullptr) return std::nullopt;
  const std::int64_t channels = state.dims[2];
  const Value wrong = raw(channels == 1 ? "3" : "1");
  if (Argument* argument = load->find("channels")) {
    argument->value = wrong;
  } else {
    load->arguments.push_back({"channels", wrong});
  }
  Fault fault;
  fault.codes = {"S002"};
  for (const InputPlan& input : experiment.inputs) {
    if (input.dims.size() != 3) continue;
    fault.keys.push_back(input.name);
    fault.subjects.push_back("key " + input.name);
    const auto key = experiment.keys.find(input.name);
    if (key == experiment.keys.end()) return std::nullopt;
    fault.stages.push_back(key->second.set_by[2]);
  }
  fault.stages.push_back(load->id);
  fault.what = "load_image reads " + wrong.text + " channels";
  return fault;
}

std::optional<Fault> channels_first(Experiment& experiment, Draw& draw) {
  const std::string name = pick_input(experiment, draw);
  if (!experiment.keys.contains(name)) return std::nullopt;
  if (experiment.keys.at(name).dims.size() != 3) return std::nullopt;
  const std::size_t place = any_place_from(experiment, behind_last_mention(experiment, name), draw);
  const int id = insert_stage(experiment, place, "transpose",
                              {{"keys", texts({name})}, {"permutation", numbers({2, 0, 1})}});
  Fault fault = about(name, {"S004"}, {id});
  fault.what = "a stage puts the channels of " + name + " first";
  return fault;
}

std::optional<Fault> swapped_axes(Experiment& experiment, Draw& draw) {
  const std::string name = pick_input(experiment, draw);
  if (!experiment.keys.contains(name)) return std::nullopt;
  const auto& dims = experiment.keys.at(name).dims;
  if (dims.size() < 2 || dims[0] == dims[1]) return std::nullopt;
  const std::size_t place = any_place_from(experiment, behind_last_mention(experiment, name), draw);
  const std::vector<std::int64_t> permutation = dims.size() == 2 ? std::vector<std::int64_t>{1, 0}
                                                : dims.size() == 3
                                                    ? std::vector<std::int64_t>{1, 0, 2}
                                                    : std::vector<std::int64_t>{1, 0, 2, 3};
  const int id = insert_stage(experiment, place, "transpose",
                              {{"keys", texts({name})}, {"permutation", numbers(permutation)}});
  Fault fault = about(name, {"S002"}, {id});
  fault.what = "a stage swaps height and width of " + name;
  return fault;
}

std::optional<Fault> swapped_inputs(Experiment& experiment, Draw& draw) {
  if (experiment.inputs.size() < 2) return std::nullopt;
  const std::string a = pick_input(experiment, draw);
  const std::string b = pick_input(experiment, draw);
  if (!experiment.keys.contains(a) || !experiment.keys.contains(b)) return std::nullopt;
  const KeyState first = experiment.keys.at(a);
  const KeyState second = experiment.keys.at(b);
  if (a == b || first.dims == second.dims) return std::nullopt;
  Fault fault =
      about(a, {"S003"}, {first.created_by, second.created_by, first.named_by, second.named_by});
  fault.keys = {a, b};
  fault.subjects = {"key " + a, "key " + b};
  if (draw.chance(50)) {
    const std::size_t least =
        std::max(behind_last_mention(experiment, a), behind_last_mention(experiment, b));
    fault.stages.push_back(insert_stage(experiment, any_place_from(experiment, least, draw),
                                        "rename", {{"map", text_map({{a, b}, {b, a}})}}));
    fault.what = "a stage swaps " + a + " and " + b;
  } else {
    rename_data_key(experiment, a, "a name between");
    rename_data_key(experiment, b, a);
    rename_data_key(experiment, "a name between", b);
    fault.what = "the data of " + a + " and " + b + " are made under each other's name";
  }
  return fault;
}

Fault unbatched(const Experiment& experiment) {
  Fault fault;
  fault.codes = {"S001"};
  for (const InputPlan& input : experiment.inputs) fault.keys.push_back(input.name);
  for (const OutputPlan& output : experiment.outputs) fault.keys.push_back(output.name);
  fault.stages = {kAnyStage};
  fault.subjects = {"batch"};
  return fault;
}

std::optional<Fault> no_batch(Experiment& experiment, Draw&) {
  const auto batch = batch_place(experiment);
  if (!batch) return std::nullopt;
  Fault fault = unbatched(experiment);
  fault.what = "there is no batch";
  experiment.stages.erase(experiment.stages.begin() + static_cast<std::ptrdiff_t>(*batch));
  return fault;
}

std::optional<Fault> batch_of_one_split(Experiment& experiment, Draw& draw) {
  const auto batch = batch_place(experiment);
  if (!batch) return std::nullopt;
  if (experiment.split("validation") == nullptr) return std::nullopt;
  Fault fault = unbatched(experiment);
  const std::string only = draw.chance(70) ? "train" : "validation";
  experiment.stages[*batch].only = {only};
  fault.what = "only " + only + " is batched";
  return fault;
}

std::optional<Fault> lossy_cast(Experiment& experiment, Draw& draw) {
  const bool target = draw.chance(30);
  const std::string name = target ? pick_output(experiment, draw) : pick_input(experiment, draw);
  if (!experiment.keys.contains(name)) return std::nullopt;
  const DType dtype = experiment.keys.at(name).dtype;
  if (target && dtype != DType::kInt64) return std::nullopt;
  if (!target && dtype != DType::kFloat32) return std::nullopt;
  if (target && experiment.outputs.front().form == OutputForm::kBinary) return std::nullopt;
  for (const OutputPlan& output : experiment.outputs) {
    if (output.name == name && output.form != OutputForm::kClassIds) return std::nullopt;
  }
  const std::size_t place = any_place_from(experiment, behind_last_mention(experiment, name), draw);
  const std::string to = target ? "float32" : (draw.chance(60) ? "float64" : "int64");
  const int id =
      insert_stage(experiment, place, "cast", {{"keys", texts({name})}, {"dtype", text(to)}});
  Fault fault = about(name, {"D001"}, {id});
  fault.what = "a stage casts " + name + " to " + to;
  return fault;
}

/// Text where numbers are wanted, with no stage between that would tell.
std::optional<Fault> text_data(Experiment& experiment, Draw& draw) {
  std::vector<std::size_t> direct;
  for (std::size_t i = 0; i < experiment.columns.size(); ++i) {
    const Column& column = experiment.columns[i];
    const auto state = experiment.keys.find(column.name);
    if (state == experiment.keys.end() || !column.dims.empty()) continue;
    const auto uses = [&](const Stage& stage) {
      return mentions(stage, column.name) && stage.op != "select";
    };
    const bool number = column.fill == Fill::kFloats || column.fill == Fill::kIntegers;
    const bool bound =
        experiment.input(column.name) != nullptr ||
        std::any_of(experiment.outputs.begin(), experiment.outputs.end(),
                    [&](const OutputPlan& output) { return output.name == column.name; });
    const bool untouched = std::none_of(experiment.stages.begin(), experiment.stages.end(), uses);
    if (number && bound && untouched) direct.push_back(i);
  }
  if (direct.empty() || experiment.source_kind == "folder" ||
      experiment.source_kind == "webdataset") {
    return std::nullopt;
  }
  Column& column = experiment.columns[draw.pick(direct)];
  column.fill = Fill::kWords;
  column.dtype = DType::kString;
  column.words = class_words();
  Fault fault = about(column.name, {"D001"}, {kSource});
  fault.what = "the source gives " + column.name + " as text";
  fault.fixable = false;
  return fault;
}

std::optional<Fault> unscaled(Experiment& experiment, Draw& draw) {
  std::vector<std::pair<int, std::string>> scales;
  for (const Stage& stage : experiment.stages) {
    const bool scale = stage.op == "scale" || stage.op == "normalize";
    if (!scale || stage.find("keys")->value.texts.size() != 1) continue;
    const std::string name = stage.find("keys")->value.texts.front();
    const auto state = experiment.keys.find(name);
    if (state == experiment.keys.end() || state->second.dtype_by != stage.id) continue;
    if (experiment.input(name) == nullptr || state->second.dims.size() != 3) continue;
    scales.emplace_back(stage.id, name);
  }
  if (scales.empty()) return std::nullopt;
  const auto [id, name] = draw.pick(scales);
  const Stage* load = nullptr;
  for (const Stage& stage : experiment.stages) {
    if (stage.op == "load_image") load = &stage;
    if (stage.op == "cast" && mentions(stage, name)) return std::nullopt;
  }
  if (load != nullptr && load->find("dtype") != nullptr) return std::nullopt;
  for (const Column& column : experiment.columns) {
    if (load == nullptr && column.name == name && column.dtype != DType::kUInt8)
      return std::nullopt;
  }
  if (load == nullptr && experiment.keys.at(name).created_by != kSource) return std::nullopt;
  experiment.stages.erase(experiment.stages.begin() +
                          static_cast<std::ptrdiff_t>(*experiment.place_of(id)));
  Fault fault = about(name, {"D003"}, {kAnyStage});
  fault.what = "nothing scales " + name;
  fault.severity = "warning";
  return fault;
}

/// Validation or test data are those of the training.
std::optional<Fault> splits_share_data(Experiment& experiment, Draw& draw) {
  // Which samples a filter lets through is not known before reading.
  if (experiment.place_of_op("filter")) return std::nullopt;
  SplitPlan& split = experiment.splits[static_cast<std::size_t>(
      draw.between(1, static_cast<int>(experiment.splits.size()) - 1))];
  split.reads = "train";
  Fault fault;
  fault.codes = {"L001"};
  fault.keys = {""};
  fault.stages = {kAnyStage};
  fault.what = split.name + " reads the data of train";
  fault.severity = "warning";
  fault.fixable = false;
  fault.subjects = {"splits", "batch", "validation"};
  return fault;
}

constexpr std::array kMutators = {
    Mutator{"wrong size of a stage", wrong_stage_size},
    Mutator{"wrong size of the model", wrong_model_size},
    Mutator{"wrong channels", wrong_channels},
    Mutator{"channels first", channels_first},
    Mutator{"height and width swapped", swapped_axes},
    Mutator{"inputs swapped", swapped_inputs},
    Mutator{"no batch", no_batch},
    Mutator{"batch in one split", batch_of_one_split},
    Mutator{"lossy cast", lossy_cast},
    Mutator{"text for numbers", text_data},
    Mutator{"not scaled", unscaled},
    Mutator{"splits share data", splits_share_data, false},
};

}  // namespace

std::span<const Mutator> shape_mutators() { return kMutators; }

}  // namespace tenon::mutation
