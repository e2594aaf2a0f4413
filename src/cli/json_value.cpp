#include "cli/json_value.hpp"

#include <cmath>

namespace tenon::cli {

nlohmann::ordered_json json_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

nlohmann::ordered_json json_text(const std::string& text) {
  if (text.empty()) return nullptr;
  return text;
}

std::string json_output(const nlohmann::ordered_json& object) {
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace tenon::cli
