#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tenon::cli {

/// null where JSON has no such number.
nlohmann::ordered_json json_number(double value);
/// null for an empty text.
nlohmann::ordered_json json_text(const std::string& text);
/// What --format json prints: one object and a newline. Bytes that are no UTF-8 are replaced.
std::string json_output(const nlohmann::ordered_json& object);

}  // namespace tenon::cli
