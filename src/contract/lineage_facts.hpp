#pragma once

#include <optional>
#include <string>

#include "tenon/dataset.hpp"

namespace tenon::contract {

/// The event that ended the life of `key` (dropped it, or renamed it away), if it ever existed.
std::optional<LineageEvent> how_it_ended(const Lineage& lineage, const std::string& key);

/// The event that gave `key`, as it is called at the end, its name (made it, or renamed it to
/// this).
std::optional<LineageEvent> how_it_was_named(const Lineage& lineage, const std::string& key);

/// The event that made `key` in the first place, followed back through renames.
std::optional<LineageEvent> how_it_was_made(const Lineage& lineage, const std::string& key);

/// The event that last set the size of an axis of `key`. `axis_from_end` is 1 for the last axis, so
/// that a batch axis put in front does not matter. Stages that keep the size do not count.
std::optional<LineageEvent> who_set_axis(const Lineage& lineage, const std::string& key,
                                         int axis_from_end);

/// The event that last set the dtype of `key`.
std::optional<LineageEvent> who_set_dtype(const Lineage& lineage, const std::string& key);

/// The last event before stage `index` that dropped `key` or renamed it away.
std::optional<LineageEvent> loss_before(const Lineage& lineage, const std::string& key,
                                        std::int64_t index);
/// The event that last set the values of `key`; stages that only stack or name them do not count.
std::optional<LineageEvent> who_set_values(const Lineage& lineage, const std::string& key);

/// True if the stages were written in an experiment file, and not in C++.
bool is_of_experiment_file(const Dataset& dataset);

/// `stage 3 rename (train.cpp:41)`; `source csv (…)` for the source.
std::string stage_text(const StageReference& stage);
/// … with `the ` before it, for the middle of a sentence about fixing: "the rename at
/// train.cpp:41".
std::string stage_place(const StageReference& stage);

/// `"small·" was made by stage 3 rename (…) out of "Small" (stage 1 load_image, …)`.
std::string origin_text(const Lineage& lineage, const std::string& key);

}  // namespace tenon::contract
