#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/detail/assignment.hpp"
#include "tenon/detail/name_distance.hpp"

/// Which key was most likely meant, worked out by the compiler: what contract/pairing.hpp and
/// nearest_name() of core/text_distance.hpp say, but for the specs, which it does not know.
namespace tenon::names {

/// Longer keys are near to none: the compilers limit how long they work on one expression.
inline constexpr std::size_t kMostBytes = 64;

/// Code points of a key, with memory of their own.
class Points {
 public:
  constexpr explicit Points(std::string_view text) : count_(decode(text, values_)) {}
  constexpr explicit Points(std::u32string_view points) {
    for (const char32_t c : points) values_[count_++] = c;
  }
  constexpr std::u32string_view view() const { return {values_.data(), count_}; }
  constexpr std::span<char32_t> span() { return std::span(values_).first(count_); }
  constexpr bool empty() const { return count_ == 0; }

  constexpr Points trimmed() const { return Points(trim_blanks(view())); }
  constexpr Points case_folded() const {
    Points folded = *this;
    folded.count_ = fold_case(folded.span());
    return folded;
  }
  constexpr Points all_folded() const {
    Points folded = *this;
    folded.count_ = fold_separators(folded.span());
    return folded.case_folded();
  }

 private:
  std::array<char32_t, kMostBytes> values_{};
  std::size_t count_ = 0;
};

constexpr std::size_t edits_between(const Points& a, const Points& b) {
  std::array<std::size_t, 3 * (kMostBytes + 1)> workspace{};
  return damerau_levenshtein(a.view(), b.view(), workspace);
}

/// The words of a key, case folded.
class Words {
 public:
  constexpr explicit Words(const Points& key) : points_(key) {
    const char32_t* begin = points_.span().data();
    each_word(points_.span(), [&](std::span<char32_t> word) {
      extents_[count_++] = {static_cast<std::size_t>(word.data() - begin), fold_case(word)};
    });
  }
  constexpr bool same_as(const Words& other) const {
    if (count_ == 0 || count_ != other.count_) return false;
    for (std::size_t i = 0; i < count_; ++i) {
      if (number_of(word(i)) != other.number_of(word(i))) return false;
    }
    return true;
  }

 private:
  struct Extent {
    std::size_t first = 0;
    std::size_t length = 0;
  };
  constexpr std::u32string_view word(std::size_t i) const {
    return points_.view().substr(extents_[i].first, extents_[i].length);
  }
  constexpr std::size_t number_of(std::u32string_view wanted) const {
    std::size_t number = 0;
    for (std::size_t i = 0; i < count_; ++i) number += word(i) == wanted ? 1 : 0;
    return number;
  }

  Points points_;
  std::array<Extent, kMostBytes> extents_{};
  std::size_t count_ = 0;
};

/// How a key is like a wanted one; the first that holds.
enum class Likeness : std::uint8_t { kBlanks, kCase, kSeparators, kTypo, kWords, kNone };

/// What is known of a pair of keys, for both ways of looking for the nearest.
struct Comparison {
  Likeness likeness = Likeness::kNone;  ///< As contract/pairing.hpp has it.
  std::size_t edits = 0;                ///< Between the texts as they are.
  Likeness of_name = Likeness::kNone;   ///< As nearest_name() has it: case without blanks at ends.
  std::size_t folded_edits = 0;
};

/// False for a pair that the compiler cannot compare in the time it has.
constexpr bool comparable(std::string_view wanted, std::string_view name) {
  return wanted.size() <= kMostBytes && name.size() <= kMostBytes;
}

constexpr Comparison compare(std::string_view wanted_text, std::string_view name_text) {
  Comparison result;
  if (!comparable(wanted_text, name_text) || name_text.empty()) return result;
  const Points wanted(wanted_text);
  const Points name(name_text);
  const Points wanted_folded = wanted.all_folded();
  const Points name_folded = name.all_folded();
  result.edits = edits_between(wanted, name);
  result.folded_edits = edits_between(wanted_folded, name_folded);
  if (wanted_folded.view() == name_folded.view()) {
    result.likeness = Likeness::kSeparators;
  } else if (is_typo(result.folded_edits, wanted_folded.view().size(), name_folded.view().size())) {
    result.likeness = Likeness::kTypo;
  } else if (Words(wanted).same_as(Words(name))) {
    result.likeness = Likeness::kWords;
  }
  // nearest_name() takes no two texts for the same of which nothing is left.
  const bool nothing_left = wanted_folded.empty() && result.likeness == Likeness::kSeparators;
  result.of_name = nothing_left ? Likeness::kNone : result.likeness;
  const Points wanted_trimmed = wanted.trimmed();
  const Points name_trimmed = name.trimmed();
  if (wanted.case_folded().view() == name.case_folded().view()) result.likeness = Likeness::kCase;
  const bool something = !wanted_trimmed.empty();
  if (something && wanted_trimmed.case_folded().view() == name_trimmed.case_folded().view()) {
    result.of_name = Likeness::kCase;
  }
  if (wanted_trimmed.view() == name_trimmed.view()) {
    result.likeness = Likeness::kBlanks;
    if (something) result.of_name = Likeness::kBlanks;
  }
  return result;
}

inline constexpr std::size_t kNoKey = static_cast<std::size_t>(-1);

/// The position that nearest_name() would give, out of what `wanted` is to each name; kNoKey for
/// none. `usable[i]` is false for names that may not be offered.
constexpr std::size_t nearest(std::span<const Comparison> all, std::span<const bool> usable) {
  std::size_t best = kNoKey;
  const auto cost = [&](std::size_t i) {
    const std::size_t within = all[i].of_name == Likeness::kTypo ? all[i].folded_edits : 0;
    return static_cast<std::size_t>(all[i].of_name) * 1000 + within;
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!usable[i] || all[i].of_name == Likeness::kNone) continue;
    if (best == kNoKey || cost(i) < cost(best)) best = i;
  }
  return best;
}

/// The costs of contract/pairing.cpp, for data of a fitting spec.
inline constexpr std::int64_t kNoPair = 1'000'000;
constexpr std::int64_t pairing_cost(const Comparison& pair) {
  if (pair.likeness == Likeness::kNone) return kNoPair;
  const std::size_t edits = pair.edits < 400 ? pair.edits : 400;
  return static_cast<std::int64_t>(pair.likeness) * 1000 + 2 * static_cast<std::int64_t>(edits);
}

/// What AssignmentSolver needs of std::vector, in memory that the compiler can work with.
template <std::size_t Most>
struct Bounded {
  template <class... Value>
  class Sequence;
  template <class Value>
  class Sequence<Value> {
   public:
    constexpr Sequence(std::size_t size, Value value) : size_(size) {
      for (std::size_t i = 0; i < size; ++i) values_[i] = value;
    }
    constexpr Value& operator[](std::size_t i) { return values_[i]; }
    constexpr const Value& operator[](std::size_t i) const { return values_[i]; }
    constexpr std::size_t size() const { return size_; }

   private:
    std::array<Value, Most> values_{};
    std::size_t size_;
  };
};

/// Pairs wanted keys (rows) with the dataset's (columns) so that no key is offered twice: the
/// column of each row, or kNoKey.
template <std::size_t Rows, std::size_t Columns>
constexpr std::array<std::size_t, Rows> pair_keys(
    const std::array<std::array<std::int64_t, Columns>, Rows>& costs) {
  // One more column per row stands for "no key": there are always enough columns.
  constexpr std::size_t kWidth = Columns + Rows;
  std::array<std::array<std::int64_t, kWidth>, Rows> padded{};
  for (std::size_t row = 0; row < Rows; ++row) {
    for (std::size_t i = 0; i < kWidth; ++i) padded[row][i] = i < Columns ? costs[row][i] : kNoPair;
  }
  AssignmentSolver<Bounded<kWidth + 1>::template Sequence, decltype(padded)> solver(padded, Rows,
                                                                                    kWidth);
  for (std::size_t row = 1; row <= Rows; ++row) solver.add_row(row);
  std::array<std::size_t, Rows> found{};
  for (std::size_t& column : found) column = kNoKey;
  for (std::size_t column = 1; column <= kWidth; ++column) {
    const std::size_t row = solver.row_of()[column];
    if (row != 0 && padded[row - 1][column - 1] < kNoPair) found[row - 1] = column - 1;
  }
  return found;
}

}  // namespace tenon::names
