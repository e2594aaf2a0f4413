#include "graph/layer_name.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <map>
#include <mutex>

#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string snake_case(std::string_view class_name) {
  std::string snake;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    const bool before_lower = i + 1 < class_name.size() && is_lower(class_name[i + 1]);
    const bool after_lower = i > 0 && is_lower(class_name[i - 1]);
    if (i > 0 && is_upper(c) && (before_lower || after_lower)) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

std::string provisional_name(std::string_view class_name) {
  static std::mutex mutex;
  static std::map<std::string, std::int64_t> counts;
  const std::string base = snake_case(class_name);
  const std::scoped_lock lock(mutex);
  const std::int64_t count = counts[base]++;
  return count == 0 ? base : fmt::format("{}_{}", base, count);
}

void require_layer_name(const std::string& what, const std::string& name) {
  if (name.find('/') == std::string::npos) return;
  throw_argument_error(what, fmt::format("the name {} holds a '/'", quote_key(name)),
                       "a name without '/', which separates a layer from its weights");
}

}  // namespace tenon::graph
