#include "fault.hpp"

namespace tenon::mutation {

const std::vector<Mutator>& mutators() {
  static const std::vector<Mutator> all = [] {
    std::vector<Mutator> list;
    for (const auto part :
         {name_mutators(), stage_mutators(), shape_mutators(), fit_mutators(), file_mutators()}) {
      list.insert(list.end(), part.begin(), part.end());
    }
    return list;
  }();
  return all;
}

std::string pick_input(const Experiment& experiment, Draw& draw) {
  return draw.pick(experiment.inputs).name;
}

std::string pick_output(const Experiment& experiment, Draw& draw) {
  return draw.pick(experiment.outputs).name;
}

std::vector<std::string> splits_of(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const SplitPlan& split : experiment.splits) names.push_back(split.name);
  return names;
}

std::size_t any_place_from(const Experiment& experiment, std::size_t least, Draw& draw) {
  // Nothing stands between a source and its interleave.
  const bool interleaved =
      !experiment.stages.empty() && experiment.stages.front().op == "interleave";
  if (interleaved) least = std::max<std::size_t>(least, 1);
  const auto span = static_cast<int>(experiment.stages.size() - least);
  return least + static_cast<std::size_t>(draw.below(span + 1));
}

std::optional<std::size_t> batch_place(const Experiment& experiment) {
  return experiment.place_of_op("batch");
}

}  // namespace tenon::mutation
