#include "core/text_distance.hpp"

#include <algorithm>
#include <vector>

#include "core/unicode.hpp"

namespace tenon {
namespace {

/// Names longer than this are not compared letter by letter: the work grows with the square.
constexpr std::size_t kMaxCompared = 1024;

bool is_separator(char32_t c) {
  return is_blank(c) || is_invisible(c) || c == U'_' || c == U'-' || c == U'.';
}

std::string fold_all(std::string_view text) { return fold_case(fold_separators(text)); }

std::vector<std::string> sorted_words(std::string_view text) {
  std::vector<std::string> words;
  std::u32string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(fold_case(encode_utf8(word)));
    word.clear();
  };
  char32_t before = 0;
  for (const char32_t point : decode_utf8(text)) {
    const char32_t c = ascii_look_alike(point);
    const bool hump = lower_case(before) == before && lower_case(c) != c;
    if (is_separator(c) || hump) finish();
    if (!is_separator(c)) word += c;
    before = c;
  }
  finish();
  std::sort(words.begin(), words.end());
  return words;
}

std::optional<std::string> nearest_by_typo(std::string_view wanted,
                                           std::span<const std::string> names) {
  const std::string folded = fold_all(wanted);
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& name : names) {
    if (name == wanted || !near_by_typo(wanted, name)) continue;
    const std::size_t distance = damerau_levenshtein(folded, fold_all(name));
    if (best == nullptr || distance < best_distance) {
      best = &name;
      best_distance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace

std::size_t damerau_levenshtein(std::string_view a, std::string_view b) {
  const std::u32string left = decode_utf8(a);
  const std::u32string right = decode_utf8(b);
  if (std::max(left.size(), right.size()) > kMaxCompared) {
    return left == right ? 0 : std::max(left.size(), right.size());
  }
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> before_last(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[right.size()];
}

std::string fold_case(std::string_view text) {
  std::u32string points = compose(decode_utf8(text));
  for (char32_t& c : points) c = lower_case(c);
  return encode_utf8(points);
}

std::string fold_separators(std::string_view text) {
  std::u32string out;
  for (const char32_t point : compose(decode_utf8(text))) {
    const char32_t c = ascii_look_alike(point);
    if (!is_separator(c)) out += c;
  }
  return encode_utf8(out);
}

std::string trim_blanks(std::string_view text) {
  const std::u32string points = decode_utf8(text);
  const auto shown = [](char32_t c) { return !is_blank(c) && !is_invisible(c); };
  const auto first = std::find_if(points.begin(), points.end(), shown);
  const auto last = std::find_if(points.rbegin(), points.rend(), shown).base();
  return first < last ? encode_utf8(std::u32string(first, last)) : "";
}

bool same_words(std::string_view a, std::string_view b) {
  const std::vector<std::string> words = sorted_words(a);
  return !words.empty() && words == sorted_words(b);
}

bool near_by_typo(std::string_view wanted, std::string_view name) {
  const std::string a = fold_all(wanted);
  const std::string b = fold_all(name);
  const std::size_t length = decode_utf8(a).size();
  const std::size_t longer = std::max(length, decode_utf8(b).size());
  const std::size_t distance = damerau_levenshtein(a, b);
  return distance <= std::max<std::size_t>(1, length / 3) && distance < longer;
}

std::optional<std::string> nearest_name(std::string_view wanted,
                                        std::span<const std::string> names) {
  const auto first_equal = [&](auto fold) -> std::optional<std::string> {
    const std::string folded = fold(wanted);
    if (folded.empty()) return std::nullopt;
    const auto at = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return name != wanted && fold(name) == folded;
    });
    if (at == names.end()) return std::nullopt;
    return *at;
  };
  if (auto name = first_equal(trim_blanks)) return name;
  if (auto name = first_equal([](std::string_view s) { return fold_case(trim_blanks(s)); })) {
    return name;
  }
  if (auto name = first_equal(fold_all)) return name;
  if (auto name = nearest_by_typo(wanted, names)) return name;
  const auto at = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return name != wanted && same_words(wanted, name);
  });
  if (at == names.end()) return std::nullopt;
  return *at;
}

}  // namespace tenon
