#include "names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace tenon::mutation {
namespace {

constexpr std::string_view kSeparators = "_-. ";

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
bool is_separator(char c) { return kSeparators.find(c) != std::string_view::npos; }
bool is_ascii(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return (c & 0x80) == 0; });
}

/// Places i for which `fits` holds.
template <class Fits>
std::optional<std::size_t> place(const std::string& name, Draw& draw, Fits fits) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (fits(i)) places.push_back(i);
  }
  if (places.empty()) return std::nullopt;
  return draw.pick(places);
}

/// A typo needs a name that is long enough to be known again.
bool long_enough(const std::string& name) { return is_ascii(name) && name.size() >= 4; }

}  // namespace

const std::vector<std::string>& input_names() {
  static const std::vector<std::string> names = {
      "Small",       "Large",      "image",       "patch",        "left_image", "right_image",
      "features",    "cell_size",  "context",     "thumbnail",    "overview",   "spectrum",
      "wave.length", "blood-test", "blood count", "Größe",        "tile_1",     "tile_2",
      "Image",       "macroScope", "microScope",  "stain_colour", "donor.age",  "optical_depth"};
  return names;
}

const std::vector<std::string>& output_names() {
  static const std::vector<std::string> names = {"cell",  "cell_type",    "score", "risk_level",
                                                 "grade", "is_malignant", "count", "Severity",
                                                 "stage", "tissue.kind"};
  return names;
}

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names = {
      "width_um", "dose",     "temperature", "pH",         "exposure",  "slide number",
      "row.id",   "operator", "humidity",    "plate-well", "zoomLevel", "batch_no"};
  return names;
}

const std::vector<std::string>& unrelated_names() {
  static const std::vector<std::string> names = {"quux",    "zebra",   "Fjord",
                                                 "vortex7", "my_data", "KJHG"};
  return names;
}

const std::vector<std::string>& class_words() {
  static const std::vector<std::string> words = {"RBC",   "WBC",   "Platelets",
                                                 "blast", "ghost", "debris"};
  return words;
}

std::optional<std::string> other_case(const std::string& name, Draw& draw) {
  std::string out = name;
  const auto at = place(name, draw, [&](std::size_t i) { return is_letter(name[i]); });
  if (!at) return std::nullopt;
  const auto flipped = [](char c) {
    return static_cast<char>(std::islower(static_cast<unsigned char>(c)) != 0
                                 ? std::toupper(static_cast<unsigned char>(c))
                                 : lower(c));
  };
  if (draw.chance(40)) {
    std::transform(out.begin(), out.end(), out.begin(),
                   [&](char c) { return is_letter(c) ? flipped(c) : c; });
  } else {
    out[*at] = flipped(out[*at]);
  }
  return out;
}

std::optional<std::string> blanks_around(const std::string& name, Draw& draw) {
  const std::vector<std::string> ways = {" " + name, name + " ", name + "  ", " " + name + " "};
  return draw.pick(ways);
}

std::optional<std::string> invisible_inside(const std::string& name, Draw& draw) {
  static const std::vector<std::string> marks = {"\u00A0", "\u200B", "\u200D", "\u2060", "\uFEFF"};
  const std::string& mark = draw.pick(marks);
  std::size_t at = is_ascii(name)
                       ? static_cast<std::size_t>(draw.below(static_cast<int>(name.size()) + 1))
                       : name.size();
  return name.substr(0, at) + mark + name.substr(at);
}

std::optional<std::string> look_alike(const std::string& name, Draw& draw) {
  static const std::vector<std::pair<char, std::string>> pairs = {
      {'a', "\u0430"}, {'e', "\u0435"}, {'o', "\u043E"}, {'p', "\u0440"}, {'c', "\u0441"},
      {'x', "\u0445"}, {'y', "\u0443"}, {'i', "\u0456"}, {'S', "\u0405"}, {'A', "\u0391"}};
  std::vector<std::string> ways;
  for (std::size_t i = 0; i < name.size(); ++i) {
    for (const auto& [letter, twin] : pairs) {
      if (name[i] == letter) ways.push_back(name.substr(0, i) + twin + name.substr(i + 1));
    }
  }
  if (ways.empty()) return std::nullopt;
  return draw.pick(ways);
}

std::optional<std::string> other_separator(const std::string& name, Draw& draw) {
  std::string out = name;
  const auto at = place(name, draw, [&](std::size_t i) { return is_separator(name[i]); });
  if (!at) {
    const auto hump = place(name, draw, [&](std::size_t i) {
      return i > 0 && is_letter(name[i]) && is_letter(name[i - 1]) &&
             std::isupper(static_cast<unsigned char>(name[i])) != 0;
    });
    return hump ? std::optional(out.insert(*hump, "_")) : std::nullopt;
  }
  if (draw.chance(30)) return out.erase(*at, 1);
  std::string others(kSeparators);
  others.erase(others.find(name[*at]), 1);
  out[*at] = others[static_cast<std::size_t>(draw.below(3))];
  return out;
}

std::optional<std::string> swapped_letters(const std::string& name, Draw& draw) {
  if (!long_enough(name)) return std::nullopt;
  const auto at = place(name, draw, [&](std::size_t i) {
    return i + 1 < name.size() && is_letter(name[i]) && is_letter(name[i + 1]) &&
           lower(name[i]) != lower(name[i + 1]);
  });
  if (!at) return std::nullopt;
  std::string out = name;
  std::swap(out[*at], out[*at + 1]);
  return out;
}

std::optional<std::string> missing_letter(const std::string& name, Draw& draw) {
  if (!long_enough(name)) return std::nullopt;
  const auto at = place(name, draw, [&](std::size_t i) { return is_letter(name[i]); });
  if (!at) return std::nullopt;
  return std::string(name).erase(*at, 1);
}

std::optional<std::string> doubled_letter(const std::string& name, Draw& draw) {
  if (!long_enough(name)) return std::nullopt;
  const auto at = place(name, draw, [&](std::size_t i) { return is_letter(name[i]); });
  if (!at) return std::nullopt;
  return std::string(name).insert(*at, 1, name[*at]);
}

std::optional<std::string> wrong_letter(const std::string& name, Draw& draw) {
  if (!long_enough(name)) return std::nullopt;
  const auto at = place(name, draw, [&](std::size_t i) { return is_letter(name[i]); });
  if (!at) return std::nullopt;
  std::string out = name;
  do {
    out[*at] = static_cast<char>('a' + draw.below(26));
  } while (lower(out[*at]) == lower(name[*at]));
  return out;
}

std::optional<std::string> other_word_order(const std::string& name, Draw&) {
  const std::size_t at = name.find_first_of(kSeparators);
  if (at == std::string::npos || at == 0 || at + 1 == name.size()) return std::nullopt;
  const std::string first = name.substr(0, at);
  const std::string second = name.substr(at + 1);
  if (first == second) return std::nullopt;
  return second + name[at] + first;
}

std::optional<std::string> unrelated(const std::string&, Draw& draw) {
  return draw.pick(unrelated_names());
}

std::optional<std::string> typo(const std::string& name, Draw& draw) {
  static constexpr std::array<Respelling, 4> ways = {swapped_letters, missing_letter,
                                                     doubled_letter, wrong_letter};
  return ways[static_cast<std::size_t>(draw.below(4))](name, draw);
}

}  // namespace tenon::mutation
