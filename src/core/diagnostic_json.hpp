#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tenon/diagnostic.hpp"

namespace tenon {

/// One diagnostic as contract.md's section JSON has it. `key`, `role`, `expected` and `actual` are
/// those of keys[0]; `stage` is the diagnostic's own, else that of keys[0]. Unknown dims and
/// symbols are null.
nlohmann::ordered_json diagnostic_to_json(const Diagnostic& diagnostic);

/// {"dtype", "shape"}; the shape is null where the rank is unknown.
nlohmann::ordered_json spec_to_json(const TensorSpec& spec);
/// {"index", "name", "file", "line"}; a file or line that is not known is null.
nlohmann::ordered_json stage_to_json(const StageReference& stage);

/// The text of a JSON value, with bytes that are no UTF-8 replaced by U+FFFD.
std::string json_text(const nlohmann::ordered_json& value, int indent = 2);

}  // namespace tenon
