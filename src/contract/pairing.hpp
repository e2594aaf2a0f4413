#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// How near an unused key is to a missing name; the first that holds.
enum class Nearness : std::uint8_t {
  kBlanks,      ///< Equal after trimming.
  kCase,        ///< … after folding case.
  kSeparators,  ///< … after folding blanks, invisible and look-alike characters, `_`, `-`, `.`.
  kTypo,        ///< A likely typo (Damerau–Levenshtein, at most a third of the length).
  kWords,       ///< The same words in another order.
  kSpec,        ///< Nothing in common but the spec: a question, not a fact.
  kNone,
};

/// By the names alone: kBlanks to kWords, or kNone.
Nearness name_nearness(std::string_view wanted, std::string_view key);
/// The order in which candidates are taken: a nearer kind always beats a farther one, edits decide
/// within a kind, and one is left for what breaks ties. kNoPair where nothing is near.
std::int64_t name_cost(std::string_view wanted, std::string_view key);
inline constexpr std::int64_t kNoPair = 1'000'000;

struct Candidate {
  std::size_t slot = 0;  ///< Of the schema.
  Nearness nearness = Nearness::kNone;
};

/// Pairs missing wishes with unused slots as one assignment of least cost, so that no key is
/// offered twice. One entry per wish of `missing`; nothing where no key is near.
std::vector<std::optional<Candidate>> pair_missing(std::span<const Wanted* const> missing,
                                                   std::span<const std::size_t> unused,
                                                   const Schema& schema);

/// "case, and 1 blank at the end": in what `key` differs from `wanted`, for the table.
std::string describe_difference(std::string_view wanted, std::string_view key, Nearness nearness);

}  // namespace tenon::contract
