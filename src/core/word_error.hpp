#pragma once

#include <span>
#include <string>

namespace tenon {

/// Throws ContractError (A001) for a word that is none of `known`: "cast: dtype = "flota32"", what
/// is known, and the nearest as its candidate. `what` is what stands before the word: "dtype = ".
[[noreturn]] void throw_word_error(const std::string& where, const std::string& what,
                                   const std::string& word, std::span<const std::string> known);

}  // namespace tenon
