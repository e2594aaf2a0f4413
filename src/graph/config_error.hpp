#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tenon::graph {

// Reading of configs that others wrote: every access is checked.

using Json = nlohmann::ordered_json;

/// Throws FormatError (F001): `model config: <where>: <what>`.
[[noreturn]] void refuse_config(const std::string& where, const std::string& what,
                                const std::string& expected = "", const std::string& fix = "");
/// The entry `key` of an object; throws FormatError that names `where` if it is not there or of
/// another kind.
std::string require_text(const Json& object, const std::string& key, const std::string& where);
Json require_object(const Json& object, const std::string& key, const std::string& where);
Json require_list(const Json& object, const std::string& key, const std::string& where);
/// Refuses a node that is no layer but one of Keras's operators (`a + b` on symbolic tensors).
void refuse_operator(const Json& entry, const std::string& class_name);

}  // namespace tenon::graph
