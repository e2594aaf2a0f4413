#include "train/words.hpp"

#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "tenon/error.hpp"

namespace tenon::train {
namespace {

bool is_upper(char letter) { return std::isupper(static_cast<unsigned char>(letter)) != 0; }
bool is_lower(char letter) { return std::islower(static_cast<unsigned char>(letter)) != 0; }

}  // namespace

void throw_unknown_word(std::string_view where, std::string_view word,
                        std::span<const std::string> known) {
  const std::optional<std::string> nearest = nearest_name(word, known);
  Diagnostic diagnostic =
      make_diagnostic("A001", fmt::format("{}: there is no {} {}", where, where, quote_key(word)),
                      {fmt::format("known are {}", list_names(known, 64))});
  if (nearest) {
    diagnostic.candidate = *nearest;
    diagnostic.notes.push_back(fmt::format("the nearest is {}", quote_key(*nearest)));
    Fix fix;
    fix.text = fmt::format("write {} in place of {}", quote_key(*nearest), quote_key(word));
    diagnostic.fixes.push_back(std::move(fix));
  }
  throw ContractError(std::move(diagnostic));
}

std::string snake_case(std::string_view class_name) {
  if (class_name == "RMSprop") return "rmsprop";
  std::string out;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const char letter = class_name[i];
    const bool starts_word =
        is_upper(letter) && i > 0 &&
        (is_lower(class_name[i - 1]) || (i + 1 < class_name.size() && is_lower(class_name[i + 1])));
    if (starts_word) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return out;
}

}  // namespace tenon::train
