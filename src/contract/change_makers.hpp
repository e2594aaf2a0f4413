#pragma once

#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "core/change.hpp"

namespace tenon::contract {

// Changes of stages, made from what the lineage tells of them.

/// The stages of the split without its source; the position is the index.
std::vector<StageReference> stages_of(const Dataset& dataset);

/// The index before which a stage stands that is to work on finished samples: before the first
/// batch stage, else at the end.
std::int64_t place_before_batch(const Dataset& dataset);
/// … that is to end the pipeline: before prefetch stages that stand at the end.
std::int64_t place_at_end(const Dataset& dataset);

Change insert_stage(std::int64_t place, std::string op, ArgumentMap arguments);
Change insert_rename(std::int64_t place, const KeyMap& map);
Change remove_stage(const StageReference& stage);
Change move_stage(const StageReference& stage, std::int64_t place);
Change set_argument(const StageReference& stage, std::string argument, ArgumentValue value);
/// Every `text` of the stage's arguments becomes `replacement`.
Change replace_text(const Lineage& lineage, const StageReference& stage, const std::string& text,
                    const std::string& replacement);
/// A setting of the training; a path that is not there is made.
Change set_setting(std::vector<std::string> path, ArgumentValue value);

/// Changes that let `keys` live past `stage`, a select, drop or rename that ended them.
std::vector<Change> keep_keys(const Lineage& lineage, const StageReference& stage,
                              const std::vector<std::string>& keys);

}  // namespace tenon::contract
