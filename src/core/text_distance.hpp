#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon {

/// Edits between two texts, counted over Unicode code points: an insertion, a removal, a change, or
/// a swap of neighbours each count 1 (optimal string alignment).
std::size_t damerau_levenshtein(std::string_view a, std::string_view b);

/// Lower case of Latin, Greek and Cyrillic letters; an accent that follows its letter is joined.
std::string fold_case(std::string_view text);
/// Drops blanks, invisible characters, `_`, `-` and `.`, and makes ASCII of what looks like it.
/// Case is kept.
std::string fold_separators(std::string_view text);
/// Without blanks (of ASCII and Unicode) and invisible characters at both ends.
std::string trim_blanks(std::string_view text);
/// True if both are made of the same words, in any order; words end at separators, and where a
/// capital follows a small letter. Case is not looked at.
bool same_words(std::string_view a, std::string_view b);
/// True if the texts differ by a likely typo: after folding case and separators, at most a third of
/// the length of `wanted` in edits (at least 1), and something is in common.
bool near_by_typo(std::string_view wanted, std::string_view name);

/// The name that was most likely meant by `wanted`: the first that is equal after trimming, else
/// after folding case, else after folding separators too, else the one with the fewest edits
/// (near_by_typo), else one made of the same words. Nothing otherwise. Never `wanted` itself.
std::optional<std::string> nearest_name(std::string_view wanted,
                                        std::span<const std::string> names);

}  // namespace tenon
