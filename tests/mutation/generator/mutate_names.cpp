// A name of the data that is not quite the model's.
#include <algorithm>
#include <array>

#include "fault.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

/// The model's own name, changed everywhere where it stands as the model's.
void rename_input(Experiment& experiment, const std::string& from, const std::string& to) {
  for (InputPlan& input : experiment.inputs) {
    if (input.name == from) input.name = to;
  }
}

void rename_output(Experiment& experiment, const std::string& from, const std::string& to) {
  for (OutputPlan& output : experiment.outputs) {
    if (output.name == from) output.name = to;
  }
  for (FitMap& map : experiment.fit_maps) {
    for (auto& [name, value] : map.entries) {
      if (name == from) name = to;
    }
  }
  // Logs are called after the output where there are several.
  for (CallbackPlan& callback : experiment.callbacks) {
    for (auto& [key, value] : callback.entries) {
      const std::size_t at = value.find(from + "_");
      if (key == "monitor" && at != std::string::npos && experiment.outputs.size() > 1)
        value.replace(at, from.size(), to);
    }
  }
}

/// Spells the data's name of an input or a target wrongly, or the model's.
std::optional<Fault> respell(Experiment& experiment, Draw& draw, Respelling way,
                             std::vector<std::string> codes) {
  const bool target = draw.chance(25);
  const std::string name = target ? pick_output(experiment, draw) : pick_input(experiment, draw);
  const auto wrong = way(name, draw);
  if (!wrong || *wrong == name || name_taken(experiment, *wrong)) return std::nullopt;
  if (!experiment.keys.contains(name)) return std::nullopt;
  Fault fault;
  fault.codes = target ? std::vector<std::string>{"K011"} : std::move(codes);
  fault.stages = {experiment.keys.at(name).named_by};
  // Another fault may meet the key under either name.
  fault.subjects = {"key " + name, "key " + *wrong};
  if (experiment.source_kind != "folder" || experiment.keys.at(name).named_by != kSource) {
    if (!draw.chance(35)) {
      fault.keys = {name};
      fault.what = "the data call " + name + " \"" + *wrong + "\"";
      rename_data_key(experiment, name, *wrong);
      return fault;
    }
  }
  fault.keys = {*wrong};
  fault.what = "the model calls " + name + " \"" + *wrong + "\"";
  target ? rename_output(experiment, name, *wrong) : rename_input(experiment, name, *wrong);
  return fault;
}

std::optional<Fault> wrong_case(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, other_case, {"K002"});
}
std::optional<Fault> blanks(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, blanks_around, {"K003"});
}
std::optional<Fault> invisible(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, invisible_inside, {"K003"});
}
std::optional<Fault> alike(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, look_alike, {"K003"});
}
std::optional<Fault> separators(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, other_separator, {"K003"});
}
std::optional<Fault> typo_swapped(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, swapped_letters, {"K004"});
}
std::optional<Fault> typo_missing(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, missing_letter, {"K004"});
}
std::optional<Fault> typo_doubled(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, doubled_letter, {"K004"});
}
std::optional<Fault> typo_wrong(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, wrong_letter, {"K004"});
}
std::optional<Fault> word_order(Experiment& experiment, Draw& draw) {
  return respell(experiment, draw, other_word_order, {"K004"});
}
/// Only the spec tells which key is meant, and it is the only one that is left.
std::optional<Fault> other_name(Experiment& experiment, Draw& draw) {
  auto fault = respell(experiment, draw, unrelated, {"K006", "K001"});
  if (!fault) return std::nullopt;
  // The name tells nothing: a data key of another dtype than the model's is no candidate.
  for (const auto& [name, state] : experiment.keys) {
    const bool about = fault->subjects.front() == "key " + name ||
                       fault->what.find('"' + name + '"') != std::string::npos;
    if (about && state.dtype != DType::kFloat32) fault->fixable = false;
  }
  if (fault->codes == std::vector<std::string>{"K011"}) fault->fixable = false;
  // Without a candidate there is no stage to name.
  fault->stages.push_back(kNoStage);
  return fault;
}

/// A column that stages read is called something else in the file.
std::optional<Fault> source_column(Experiment& experiment, Draw& draw) {
  const bool states_names =
      experiment.source_kind == "folder" || experiment.source_kind == "webdataset";
  if (states_names) return std::nullopt;
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < experiment.columns.size(); ++i) {
    const std::string& name = experiment.columns[i].name;
    const bool needed = std::any_of(experiment.stages.begin(), experiment.stages.end(),
                                    [&](const Stage& stage) { return mentions(stage, name); });
    if (needed) used.push_back(i);
  }
  for (const Argument& argument : experiment.source_arguments) {
    if (argument.name == "types" || argument.name == "keys") return std::nullopt;
  }
  if (used.empty()) return std::nullopt;
  Column& column = experiment.columns[draw.pick(used)];
  const std::string name = column.name;
  const auto wrong = draw.chance(50) ? typo(name, draw) : blanks_around(name, draw);
  if (!wrong || name_taken(experiment, *wrong)) return std::nullopt;
  column.name = *wrong;
  Fault fault;
  fault.codes = {"K007"};
  fault.keys = {name};
  fault.what = "the source calls the column " + name + " \"" + *wrong + "\"";
  for (const Stage& stage : experiment.stages) {
    if (!mentions(stage, name)) continue;
    fault.stages = {stage.id};
    break;
  }
  fault.subjects = {"key " + name, "key " + *wrong};
  for (const auto& entry : experiment.keys) fault.subjects.push_back("key " + entry.first);
  return fault;
}

constexpr std::array kMutators = {
    Mutator{"case", wrong_case},
    Mutator{"blanks", blanks},
    Mutator{"invisible", invisible},
    Mutator{"look-alike", alike},
    Mutator{"separators", separators},
    Mutator{"typo: swapped letters", typo_swapped},
    Mutator{"typo: missing letter", typo_missing},
    Mutator{"typo: doubled letter", typo_doubled},
    Mutator{"typo: wrong letter", typo_wrong},
    Mutator{"word order", word_order},
    Mutator{"another name", other_name},
    Mutator{"source column misspelt", source_column},
};

}  // namespace

std::span<const Mutator> name_mutators() { return kMutators; }

}  // namespace tenon::mutation
