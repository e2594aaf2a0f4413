#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tenon::train {

/// Throws ContractError (A001): `where` ("loss") does not know `word`; lists `known` and names the
/// nearest.
[[noreturn]] void throw_unknown_word(std::string_view where, std::string_view word,
                                     std::span<const std::string> known);

/// "BinaryCrossentropy" -> "binary_crossentropy", "AUC" -> "auc", "RMSprop" -> "rmsprop".
std::string snake_case(std::string_view class_name);

}  // namespace tenon::train
