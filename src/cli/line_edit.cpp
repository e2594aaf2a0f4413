// A changed text as whole lines: what an editor applies, and what a person reads.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "cli/toml_editor.hpp"

namespace tenon::cli {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t newline = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, newline - begin));
    begin = newline + 1;
  }
  return lines;
}

/// Lines that the two texts have in common at the start and at the end.
struct Common {
  std::size_t first = 0;
  std::size_t last = 0;
};

constexpr std::size_t kAround = 3;

/// A line of a diff: ' ' in both, '-' only before, '+' only after.
struct Step {
  char sign = ' ';
  std::string line;
};

/// The longest common subsequence of lines, walked as a diff.
std::vector<Step> steps_between(const std::vector<std::string>& a,
                                const std::vector<std::string>& b) {
  std::vector<std::vector<std::uint32_t>> longest(a.size() + 1,
                                                  std::vector<std::uint32_t>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      longest[i][j] =
          a[i] == b[j] ? longest[i + 1][j + 1] + 1 : std::max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  std::vector<Step> steps;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      steps.push_back({' ', a[i++]});
      ++j;
    } else if (j == b.size() || (i < a.size() && longest[i + 1][j] >= longest[i][j + 1])) {
      steps.push_back({'-', a[i++]});
    } else {
      steps.push_back({'+', b[j++]});
    }
  }
  return steps;
}

std::size_t next_change(const std::vector<Step>& steps, std::size_t from) {
  while (from < steps.size() && steps[from].sign == ' ') ++from;
  return from;
}

/// The steps [begin, end) as one hunk.
std::string hunk(const std::vector<Step>& steps, std::size_t begin, std::size_t end) {
  const auto count = [&](std::size_t from, std::size_t to, char other) {
    return std::count_if(steps.begin() + static_cast<std::ptrdiff_t>(from),
                         steps.begin() + static_cast<std::ptrdiff_t>(to),
                         [&](const Step& step) { return step.sign != other; });
  };
  std::string out =
      fmt::format("@@ -{},{} +{},{} @@\n", count(0, begin, '+') + 1, count(begin, end, '+'),
                  count(0, begin, '-') + 1, count(begin, end, '-'));
  for (std::size_t i = begin; i < end; ++i) out += steps[i].sign + steps[i].line + "\n";
  return out;
}

Common common_of(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  Common common;
  const std::size_t most = std::min(a.size(), b.size());
  while (common.first < most && a[common.first] == b[common.first]) ++common.first;
  while (common.last < most - common.first &&
         a[a.size() - 1 - common.last] == b[b.size() - 1 - common.last])
    ++common.last;
  return common;
}

}  // namespace

Edit edit_between(const std::string& before, const std::string& after, const std::string& file) {
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(after);
  const Common common = common_of(old_lines, new_lines);
  Edit edit{file, static_cast<int>(common.first + 1),
            static_cast<int>(old_lines.size() - common.last), ""};
  for (std::size_t i = common.first; i < new_lines.size() - common.last; ++i)
    edit.replacement += (edit.replacement.empty() ? "" : "\n") + new_lines[i];
  return edit;
}

std::string unified_diff(const std::string& before, const std::string& after,
                         const std::string& file) {
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(after);
  const std::vector<Step> steps = steps_between(old_lines, new_lines);
  std::string out;
  for (std::size_t begin = next_change(steps, 0); begin < steps.size();) {
    std::size_t end = begin;
    for (std::size_t next = begin; next < steps.size() && next <= end + 2 * kAround;
         next = next_change(steps, next + 1))
      end = next + 1;
    out += hunk(steps, begin - std::min(begin, kAround), std::min(end + kAround, steps.size()));
    begin = next_change(steps, end);
  }
  return out.empty() ? out : fmt::format("--- {0}\n+++ {0}\n{1}", file, out);
}

}  // namespace tenon::cli
