#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "graph/argument.hpp"

namespace tenon::graph {

using Json = nlohmann::ordered_json;

/// The argument's value as Keras's config writes it.
Json argument_json(const Argument& argument, const ArgumentReference& value);
/// Sets the value from a config. Gives what was expected if `json` is no such value, otherwise
/// nothing; rules are not looked at.
std::string read_argument(const Argument& argument, const Json& json,
                          const ArgumentReference& value);

/// `{"module": …, "class_name": …, "config": …, "registered_name": null}`
Json keras_object(const std::string& module, const std::string& class_name, Json config);
/// "float32" of a dtype word or of a dtype policy; empty if it is neither.
std::string dtype_word(const Json& json);
/// The value for a message, cut where it is long.
std::string short_text(const Json& json);

}  // namespace tenon::graph
