#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "tenon/detail/characters.hpp"

/// How near two names are, over code points in memory of the caller, so that the compiler can work
/// it out, too. core/text_distance.hpp has the same over texts.
namespace tenon::names {

constexpr bool is_separator(char32_t c) noexcept {
  return is_blank(c) || is_invisible(c) || c == U'_' || c == U'-' || c == U'.';
}

/// In place; how many code points are left.
constexpr std::size_t fold_case(std::span<char32_t> points) noexcept {
  const std::size_t count = compose(points);
  for (char32_t& c : points.first(count)) c = lower_case(c);
  return count;
}

/// Drops separators and makes ASCII of what looks like it, in place; how many code points are left.
constexpr std::size_t fold_separators(std::span<char32_t> points) noexcept {
  std::size_t count = 0;
  for (const char32_t point : points.first(compose(points))) {
    const char32_t c = ascii_look_alike(point);
    if (!is_separator(c)) points[count++] = c;
  }
  return count;
}

/// Without blanks and invisible characters at both ends.
constexpr std::u32string_view trim_blanks(std::u32string_view points) noexcept {
  const auto shown = [](char32_t c) { return !is_blank(c) && !is_invisible(c); };
  while (!points.empty() && !shown(points.front())) points.remove_prefix(1);
  while (!points.empty() && !shown(points.back())) points.remove_suffix(1);
  return points;
}

/// Insertions, removals, changes and swaps of neighbours each count 1 (optimal string alignment).
/// `workspace` has room for 3 * (right.size() + 1).
constexpr std::size_t damerau_levenshtein(std::u32string_view left, std::u32string_view right,
                                          std::span<std::size_t> workspace) noexcept {
  const auto least = [](std::size_t a, std::size_t b) { return a < b ? a : b; };
  const std::size_t width = right.size() + 1;
  std::span<std::size_t> before_last = workspace.subspan(0, width);
  std::span<std::size_t> last = workspace.subspan(width, width);
  std::span<std::size_t> row = workspace.subspan(2 * width, width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + change);
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        row[j] = least(row[j], before_last[j - 2] + 1);
      }
    }
    const std::span<std::size_t> free = before_last;
    before_last = last;
    last = row;
    row = free;
  }
  return last[right.size()];
}

/// True for a distance between folded names that is likely a typo's: at most a third of the length
/// of the wanted one (at least 1), and something is in common.
constexpr bool is_typo(std::size_t distance, std::size_t wanted_length, std::size_t name_length) {
  const std::size_t most = wanted_length / 3 < 1 ? 1 : wanted_length / 3;
  return distance <= most && distance < (wanted_length < name_length ? name_length : wanted_length);
}

/// Hands the words of a name to `take`, as spans of `points`, with look-alikes made ASCII; words
/// end at separators, and where a capital follows a small letter.
template <class Take>
constexpr void each_word(std::span<char32_t> points, Take take) {
  std::size_t start = 0;
  char32_t before = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const char32_t c = points[i] = ascii_look_alike(points[i]);
    const bool hump = lower_case(before) == before && lower_case(c) != c;
    if (is_separator(c) || hump) {
      if (i > start) take(points.subspan(start, i - start));
      start = is_separator(c) ? i + 1 : i;
    }
    before = c;
  }
  if (points.size() > start) take(points.subspan(start));
}

}  // namespace tenon::names
