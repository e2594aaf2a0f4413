#include "core/word_error.hpp"

#include <fmt/format.h>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "tenon/error.hpp"

namespace tenon {

void throw_word_error(const std::string& where, const std::string& what, const std::string& word,
                      std::span<const std::string> known) {
  const auto nearest = nearest_name(word, known);
  Diagnostic out =
      make_diagnostic("A001", fmt::format("{}: {}{}", where, what, quote_key(word)),
                      {fmt::format("expected: one of {}", list_names(known, known.size()))},
                      nearest ? fmt::format("write {}", quote_key(*nearest)) : "");
  out.candidate = nearest.value_or("");
  throw ContractError(std::move(out));
}

}  // namespace tenon
