#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/argument_value.hpp"

namespace tenon {

/// A change that may mend a problem: of the stages of a data set, or of the settings of a training.
/// It is data: the room that holds the thing to be changed applies it to a copy.
struct Change {
  enum class Kind : std::uint8_t {
    kInsertStage,    ///< A new stage `op(arguments)` before stage `stage`.
    kRemoveStage,    ///< Stage `stage` goes.
    kMoveStage,      ///< … and comes back before stage `place`, which is before it.
    kSetArgument,    ///< `argument` of stage `stage` becomes `value`.
    kAddItems,       ///< The texts `items` are added to the list `argument`.
    kRemoveItems,    ///< … are taken out of the list or the map `argument`.
    kReplaceText,    ///< Each argument of the stage that is the text `text` becomes `replacement`.
    kSetting,        ///< The setting at `path` becomes `value`; it is made if it is not there.
    kRenameSetting,  ///< The last name of `path` becomes `replacement`.
  };
  Kind kind = Kind::kInsertStage;
  std::int64_t stage = 0;  ///< Index in the split's pipeline; its length: behind the last one.
  std::int64_t place = 0;
  std::string op;  ///< The word of the stage that is inserted or changed.
  ArgumentMap arguments;
  std::string argument;
  std::vector<std::string> items;
  ArgumentValue value;
  std::string text;
  std::string replacement;
  std::vector<std::string> path;  ///< {"fit", "loss", "cell"}; list entries by number.
};

/// `{ op = "rename", map = { small = "Small" } }`: the stage that is inserted, as a file has it.
std::string stage_toml(const Change& change);
/// `.rename({{"small", "Small"}})`: the same as a call; empty for an op that has none here.
std::string stage_cpp(const Change& change);

}  // namespace tenon
