#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "draw.hpp"
#include "experiment.hpp"

namespace tenon::mutation {

/// The truth about one thing that was broken, known because it was broken on purpose.
struct Fault {
  std::string kind;
  std::string what;                ///< For people: what was done.
  std::vector<std::string> codes;  ///< Any of these is right.
  /// The key that has to be told, any of these. Empty text: none (JSON null).
  std::vector<std::string> keys;
  /// Ids of stages, any of these (kSource, kNoStage, kAnyStage too).
  std::vector<int> stages;
  /// For a fault of the file itself, any of these lines: "fit.KEY", "stage.ID", "argument.ID.NAME",
  /// "split.NAME", "source.NAME".
  std::vector<std::string> places;
  bool fixable =
      true;  ///< By a change of the experiment file that can be known from what is there.
  std::string severity = "error";
  /// What the fault touches ("input Small", "fit.loss", "batch"): two faults that share nothing are
  /// independent.
  std::vector<std::string> subjects;
};

/// Breaks `experiment` in one way, or gives nothing if it has no place for that.
using Break = std::optional<Fault> (*)(Experiment& experiment, Draw& draw);

struct Mutator {
  std::string_view kind;
  Break apply;
  /// False: it is told alone: the file cannot be read any more, or it is only looked for where
  /// nothing else is wrong.
  bool beside_others = true;
};

/// All kinds, in the order of the table of rates.
const std::vector<Mutator>& mutators();

// The lists that it is made of, a file each.
std::span<const Mutator> name_mutators();
std::span<const Mutator> stage_mutators();
std::span<const Mutator> shape_mutators();
std::span<const Mutator> fit_mutators();
std::span<const Mutator> file_mutators();

// What several of them need.
/// The data key that a random input of the model reads.
std::string pick_input(const Experiment& experiment, Draw& draw);
std::string pick_output(const Experiment& experiment, Draw& draw);
std::vector<std::string> splits_of(const Experiment& experiment);
/// A place for a new stage behind `least`, which is behind all that need the key: any up to the
/// end.
std::size_t any_place_from(const Experiment& experiment, std::size_t least, Draw& draw);
/// The place of the batch stage; another fault may have taken it out.
std::optional<std::size_t> batch_place(const Experiment& experiment);

}  // namespace tenon::mutation
