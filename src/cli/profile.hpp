#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tenon/dataset.hpp"

namespace tenon::cli {

/// What the stages took, as a table: slowest first, then the queues, then what it comes to.
std::string profile_text(const DataProfile& profile);
nlohmann::ordered_json profile_json(const DataProfile& profile);
/// `load_volume is the slowest stage (82 % of the pipeline's work)`; empty if nothing ran.
std::string slowest_text(const DataProfile& profile);

}  // namespace tenon::cli
