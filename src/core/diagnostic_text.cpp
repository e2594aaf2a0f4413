#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/unicode.hpp"
#include "core/visible_text.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon {
namespace {

constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[1;33m";
constexpr std::string_view kCyan = "\x1b[1;36m";
constexpr std::string_view kGreen = "\x1b[1;32m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

constexpr std::size_t kTitleIndent = 2;
constexpr std::size_t kRowIndent = 4;
constexpr std::size_t kColumnGap = 4;

std::string painted(std::string_view text, std::string_view color, const TextOptions& options) {
  return options.color ? fmt::format("{}{}{}", color, text, kReset) : std::string(text);
}

std::string_view color_of(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return kRed;
    case Severity::kWarning:
      return kYellow;
    case Severity::kNote:
      break;
  }
  return kCyan;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t taken = display_width(text);
  if (taken < width) text.append(width - taken, ' ');
  return text;
}

/// `text` without the line ends at its end, further lines moved to the right by `indent`.
std::string indented(std::string_view text, std::size_t indent) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::string out;
  for (const char c : printable(text)) {
    out += c;
    if (c == '\n') out.append(indent, ' ');
  }
  return out;
}

std::string key_cell(const std::string& key, const std::optional<TensorSpec>& spec) {
  return key.empty() && spec ? "(unnamed)" : visible(key);
}

/// The cells of one side of the table, its keys padded to one width.
std::vector<std::string> side_cells(const Comparison& comparison, bool expected_side) {
  std::vector<std::string> cells;
  std::size_t key_width = 0;
  const auto key_of = [&](const ComparisonRow& row) {
    return expected_side ? key_cell(row.expected_key, row.expected)
                         : key_cell(row.actual_key, row.actual);
  };
  for (const ComparisonRow& row : comparison.rows) {
    key_width = std::max(key_width, display_width(key_of(row)));
  }
  for (const ComparisonRow& row : comparison.rows) {
    const auto& spec = expected_side ? row.expected : row.actual;
    const std::string key = key_of(row);
    cells.push_back(spec ? padded(key, key_width + 2) + spec->to_string() : key);
  }
  return cells;
}

std::size_t widest(const std::vector<std::string>& cells) {
  std::size_t width = 0;
  for (const std::string& cell : cells) width = std::max(width, display_width(cell));
  return width;
}

void append_line(std::string& out, std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  out += line + "\n";
}

void append_comparison(std::string& out, const Comparison& comparison, const TextOptions& options) {
  if (comparison.rows.empty()) return;
  const std::vector<std::string> left = side_cells(comparison, true);
  const std::vector<std::string> right = side_cells(comparison, false);
  const std::string left_title = indented(comparison.expected_title, kTitleIndent);
  const std::size_t right_start =
      std::max(kTitleIndent + display_width(left_title), kRowIndent + widest(left)) + kColumnGap;
  const std::size_t right_width = widest(right);
  append_line(out, padded(std::string(kTitleIndent, ' ') + left_title, right_start) +
                       indented(comparison.actual_title, kTitleIndent));
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::string line =
        padded(std::string(kRowIndent, ' ') + left[i], right_start + kRowIndent - kTitleIndent);
    const std::string& remark = comparison.rows[i].remark;
    if (remark.empty()) {
      line += right[i];
    } else {
      line += padded(right[i], right_width) + "   " +
              painted("<- " + indented(remark, kRowIndent), kYellow, options);
    }
    append_line(out, std::move(line));
  }
}

/// True if what the reader sees of the diagnostic already holds `text`.
bool tells(const Diagnostic& diagnostic, const std::string& text) {
  const auto holds = [&](const std::string& line) { return line.find(text) != std::string::npos; };
  return holds(diagnostic.message) ||
         std::any_of(diagnostic.notes.begin(), diagnostic.notes.end(), holds);
}

void append_place(std::string& out, const Diagnostic& diagnostic) {
  if (diagnostic.stage) {
    const StageReference& stage = *diagnostic.stage;
    const std::string told =
        stage.location.known() ? to_string(stage.location) : visible(stage.name);
    if (!tells(diagnostic, told)) append_line(out, "  at " + to_string(stage));
  }
  if (diagnostic.sample) {
    const std::string sample = to_string(*diagnostic.sample);
    if (sample != "sample" && !tells(diagnostic, sample)) append_line(out, "  in " + sample);
  }
  if (diagnostic.run) {
    const std::string place = to_string(*diagnostic.run);
    if (!tells(diagnostic, place)) append_line(out, "  in " + place);
  }
}

/// What can be pasted, where the fix's text does not say it: TOML if it mends an experiment file.
std::string_view paste_of(const Fix& fix) {
  const std::string& paste = fix.edit || fix.cpp.empty() ? fix.toml : fix.cpp;
  return fix.text.find(paste) == std::string::npos ? std::string_view(paste) : std::string_view();
}

void append_fix(std::string& out, const Fix& fix, const TextOptions& options) {
  constexpr std::string_view kLabel = "fix:";
  constexpr std::size_t kIndent = 7;
  const std::string_view paste = paste_of(fix);
  std::string line = "  " + painted(kLabel, kGreen, options) + " ";
  if (fix.text.empty()) {
    append_line(out, line + indented(paste, kIndent));
    return;
  }
  append_line(out, line + indented(fix.text, kIndent));
  if (!paste.empty()) append_line(out, std::string(kIndent, ' ') + indented(paste, kIndent));
}

void append_datasets(std::string& out, const std::vector<std::string>& datasets) {
  if (datasets.size() < 2) return;
  std::string names;
  for (std::size_t i = 1; i < datasets.size(); ++i) {
    if (i > 1) names += ", ";
    names += indented(datasets[i], kRowIndent) + " data";
  }
  append_line(out, "  same in: " + names);
}

}  // namespace

std::string render_text(const Diagnostic& diagnostic, const TextOptions& options) {
  const std::string label = fmt::format("{}[{}]:", name_of(diagnostic.severity), diagnostic.code);
  std::string out;
  append_line(out, painted(label, color_of(diagnostic.severity), options) + " " +
                       painted(indented(diagnostic.message, kTitleIndent), kBold, options));
  append_comparison(out, diagnostic.comparison, options);
  for (const std::string& note : diagnostic.notes) {
    append_line(out, "  " + indented(note, kTitleIndent));
  }
  append_place(out, diagnostic);
  for (const Fix& fix : diagnostic.fixes) append_fix(out, fix, options);
  append_datasets(out, diagnostic.datasets);
  return out;
}

std::string render_text(std::span<const Diagnostic> diagnostics, const TextOptions& options) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!out.empty()) out += "\n";
    out += render_text(diagnostic, options);
  }
  return out;
}

}  // namespace tenon
