#pragma once

#include <string_view>

#include "backend/api/engine.hpp"

namespace tenon::backend {

/// By name: "reference", "onednn", or "" for the best one built in. Throws EngineError (E001) with
/// the nearest name, or how to get an engine that was not built in.
const Engine& engine_by_name(std::string_view name);

/// "float32" or "mixed_bfloat16". Throws ContractError (A001) with the nearest word.
Precision precision_by_name(std::string_view word);

}  // namespace tenon::backend
