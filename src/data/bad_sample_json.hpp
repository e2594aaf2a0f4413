#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tenon/dataset.hpp"

namespace tenon::data {

/// Of the states of iterators and of trainings (docs/resume.md).
nlohmann::json bad_sample_to_json(const BadSample& bad);
/// Throws nlohmann::json::exception.
BadSample bad_sample_from_json(const nlohmann::json& json);

}  // namespace tenon::data
