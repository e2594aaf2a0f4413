#include "core/text_distance.hpp"

#include <algorithm>
#include <vector>

#include "core/unicode.hpp"
#include "tenon/detail/name_distance.hpp"

namespace tenon {
namespace {

/// Names longer than this are not compared letter by letter: the work grows with the square.
constexpr std::size_t kMaxCompared = 1024;

std::string fold_all(std::string_view text) { return fold_case(fold_separators(text)); }

std::vector<std::string> sorted_words(std::string_view text) {
  std::vector<std::string> words;
  std::u32string points = decode_utf8(text);
  names::each_word(points, [&](std::span<char32_t> word) {
    words.push_back(encode_utf8({word.data(), names::fold_case(word)}));
  });
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
  std::vector<std::size_t> workspace(3 * (right.size() + 1));
  return names::damerau_levenshtein(left, right, workspace);
}

std::string fold_case(std::string_view text) {
  std::u32string points = decode_utf8(text);
  points.resize(names::fold_case(points));
  return encode_utf8(points);
}

std::string fold_separators(std::string_view text) {
  std::u32string points = decode_utf8(text);
  points.resize(names::fold_separators(points));
  return encode_utf8(points);
}

std::string trim_blanks(std::string_view text) {
  const std::u32string points = decode_utf8(text);
  return encode_utf8(names::trim_blanks(points));
}

bool same_words(std::string_view a, std::string_view b) {
  const std::vector<std::string> words = sorted_words(a);
  return !words.empty() && words == sorted_words(b);
}

bool near_by_typo(std::string_view wanted, std::string_view name) {
  const std::string a = fold_all(wanted);
  const std::string b = fold_all(name);
  const std::size_t length = decode_utf8(a).size();
  return names::is_typo(damerau_levenshtein(a, b), length, decode_utf8(b).size());
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
