#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tenon::graph {

/// What to do about a word that is none of `words`: `did you mean "relu"?` if one is near,
/// otherwise nothing.
std::string meant_word(std::string_view word, std::span<const std::string> words);

}  // namespace tenon::graph
