#include "core/name_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/diagnostic.hpp"

namespace tenon {

std::string list_names(std::span<const std::string> names, std::size_t most) {
  if (names.empty()) return "none";
  const std::size_t shown = std::min(names.size(), std::max<std::size_t>(most, 1));
  std::string text = quote_key(names[0]);
  for (std::size_t i = 1; i < shown; ++i) {
    text += i + 1 == names.size() ? " and " : ", ";
    text += quote_key(names[i]);
  }
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace tenon
