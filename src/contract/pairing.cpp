#include "contract/pairing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/assignment.hpp"
#include "core/text_distance.hpp"

namespace tenon::contract {
namespace {

constexpr std::int64_t kKindStep = 1000;

bool same_spec(const Wanted& wish, const TensorSpec& spec) {
  const bool dtype_fits =
      spec.dtype == wish.spec.dtype ||
      (wish.role == Role::kInput && converts_without_loss(spec.dtype, wish.spec.dtype));
  if (!spec.rank_known || !dtype_fits || spec.rank() != wish.spec.rank()) return false;
  for (std::size_t axis = 1; axis < spec.shape.size(); ++axis) {
    if (!spec.shape[axis].known() || !(spec.shape[axis] == wish.spec.shape[axis])) return false;
  }
  return true;
}

bool may_stand_for(const Wanted& wish, const Field& field) {
  return field.role == Role::kData || field.role == wish.role;
}

Nearness nearness_of(const Wanted& wish, const Field& field) {
  const Nearness by_name = name_nearness(wish.name, field.key);
  if (by_name != Nearness::kNone || field.key.empty()) return by_name;
  return same_spec(wish, field.spec) ? Nearness::kSpec : Nearness::kNone;
}

std::int64_t cost_of(Nearness nearness, std::string_view wanted, std::string_view key) {
  if (nearness == Nearness::kNone) return kNoPair;
  const auto edits = std::min<std::size_t>(damerau_levenshtein(wanted, key), 400);
  return static_cast<std::int64_t>(nearness) * kKindStep + 2 * static_cast<std::int64_t>(edits);
}

/// A spec that fits breaks ties.
std::int64_t cost_of(const Wanted& wish, const Field& field) {
  if (!may_stand_for(wish, field)) return kNoPair;
  const std::int64_t cost = cost_of(nearness_of(wish, field), wish.name, field.key);
  return cost == kNoPair || wish.spec.shape_fits(field.spec) ? cost : cost + 1;
}

std::size_t count_blanks(std::string_view text, bool at_end) {
  const std::string blanks = " \t";
  const auto is_blank = [&](char c) { return blanks.find(c) != std::string::npos; };
  std::size_t count = 0;
  while (count < text.size() && is_blank(at_end ? text[text.size() - 1 - count] : text[count]))
    ++count;
  return count;
}

std::string blanks_text(std::string_view wanted, std::string_view key) {
  const std::size_t at_start = count_blanks(key, false);
  const std::size_t at_end = count_blanks(key, true);
  const auto words = [](std::size_t count, const char* place) {
    return fmt::format("{} blank{} at the {}", count, count == 1 ? "" : "s", place);
  };
  if (at_start != count_blanks(wanted, false) && at_start > 0) return words(at_start, "start");
  if (at_end != count_blanks(wanted, true) && at_end > 0) return words(at_end, "end");
  if (count_blanks(wanted, false) + count_blanks(wanted, true) > 0) return "blanks at the ends";
  return {};
}

std::string separators_text(std::string_view wanted, std::string_view key) {
  const std::string blanks = blanks_text(wanted, key);
  if (!blanks.empty()) return blanks;
  const bool ascii = std::all_of(key.begin(), key.end(), [](char c) { return (c & 0x80) == 0; });
  return ascii ? "a blank, `_`, `-` or `.`" : "characters that look alike or do not show";
}

}  // namespace

Nearness name_nearness(std::string_view wanted, std::string_view key) {
  if (key.empty()) return Nearness::kNone;
  if (trim_blanks(wanted) == trim_blanks(key)) return Nearness::kBlanks;
  if (fold_case(wanted) == fold_case(key)) return Nearness::kCase;
  if (fold_case(fold_separators(wanted)) == fold_case(fold_separators(key)))
    return Nearness::kSeparators;
  if (near_by_typo(wanted, key)) return Nearness::kTypo;
  return same_words(wanted, key) ? Nearness::kWords : Nearness::kNone;
}

std::int64_t name_cost(std::string_view wanted, std::string_view key) {
  return cost_of(name_nearness(wanted, key), wanted, key);
}

std::vector<std::optional<Candidate>> pair_missing(std::span<const Wanted* const> missing,
                                                   std::span<const std::size_t> unused,
                                                   const Schema& schema) {
  std::vector<std::optional<Candidate>> pairs(missing.size());
  if (missing.empty() || unused.empty()) return pairs;
  // One more column per row stands for "no key": there are always enough columns.
  std::vector<std::vector<std::int64_t>> costs;
  for (const Wanted* wish : missing) {
    std::vector<std::int64_t> row;
    for (const std::size_t slot : unused) row.push_back(cost_of(*wish, schema[slot]));
    row.resize(unused.size() + missing.size(), kNoPair);
    costs.push_back(std::move(row));
  }
  const std::vector<int> columns = assign(costs);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto column = static_cast<std::size_t>(columns[i]);
    if (column >= unused.size() || costs[i][column] >= kNoPair) continue;
    const std::size_t slot = unused[column];
    pairs[i] = Candidate{slot, nearness_of(*missing[i], schema[slot])};
  }
  return pairs;
}

std::string describe_difference(std::string_view wanted, std::string_view key, Nearness nearness) {
  switch (nearness) {
    case Nearness::kBlanks:
      return blanks_text(wanted, key).empty() ? separators_text(wanted, key)
                                              : blanks_text(wanted, key);
    case Nearness::kCase:
      return "case";
    case Nearness::kSeparators: {
      const bool case_too = fold_separators(wanted) != fold_separators(key);
      return (case_too ? "case, and " : "") + separators_text(wanted, key);
    }
    case Nearness::kTypo: {
      const std::size_t edits =
          damerau_levenshtein(fold_case(fold_separators(wanted)), fold_case(fold_separators(key)));
      return fmt::format("likely a typo, {} letter{} apart", edits, edits == 1 ? "" : "s");
    }
    case Nearness::kWords:
      return "the same words in another order";
    case Nearness::kSpec:
      return "the same dtype and shape: is it this one?";
    case Nearness::kNone:
      break;
  }
  return {};
}

}  // namespace tenon::contract
