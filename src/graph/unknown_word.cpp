#include "graph/unknown_word.hpp"

#include <fmt/format.h>

#include <optional>

#include "core/text_distance.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon::graph {

std::string meant_word(std::string_view word, std::span<const std::string> words) {
  const std::optional<std::string> nearest = nearest_name(word, words);
  return nearest ? fmt::format("did you mean {}?", quote_key(*nearest)) : std::string();
}

}  // namespace tenon::graph
