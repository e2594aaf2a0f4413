#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"

namespace tenon::contract {

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

/// The keys that live behind stage `index`, in the order in which they came to be.
std::vector<std::string> keys_behind(const Lineage& lineage, std::int64_t index);

/// True for a change that only puts samples together: a batch stage changes every key so.
bool only_stacks(const LineageEvent& event);
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
