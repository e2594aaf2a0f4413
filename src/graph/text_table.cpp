#include "graph/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/unicode.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

constexpr int kBlanks = 2;  // one on each side of a cell

/// Takes `excess` from the columns evenly, each time rounding what is left for the others to the
/// nearest even number.
void make_narrower(std::vector<int>& widths, int excess) {
  int columns_left = static_cast<int>(widths.size());
  for (int& width : widths) {
    const double share = static_cast<double>(excess) / columns_left--;
    const int taken = std::min(width, static_cast<int>(std::nearbyint(share)));
    width -= taken;
    excess -= taken;
  }
}

std::string trimmed_end(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// The words of a text, each with the blanks that follow it; the first also with those before it.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool after_word = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool blank = text[i] == ' ';
    const bool begins = !blank && i > 0 && text[i - 1] == ' ' && !after_word;
    if (words.empty() || begins) {
      words.emplace_back();
    }
    if (!blank) after_word = false;
    words.back() += text[i];
  }
  return words;
}

std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::string kept;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) ++next;
    const std::string character = text.substr(i, next - i);
    if (display_width(kept + character) + 1 > width) break;
    kept += character;
    i = next;
  }
  return kept + "…";
}

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string& word : words_of(text)) {
    const std::size_t taken = display_width(lines.back());
    const std::size_t needed = display_width(trimmed_end(word));
    if (taken > 0 && taken + needed > width) lines.emplace_back();
    lines.back() += word;
  }
  for (std::string& line : lines) line = cut(trimmed_end(line), width);
  return lines;
}

std::string aligned(const std::string& text, std::size_t width, Alignment alignment) {
  const std::size_t free = width - std::min(width, display_width(text));
  std::size_t before = 0;
  if (alignment == Alignment::kRight) before = free;
  if (alignment == Alignment::kCenter) before = free / 2;
  return std::string(before, ' ') + text + std::string(free - before, ' ');
}

}  // namespace

TextTable::TextTable(std::vector<TextColumn> columns, const std::vector<double>& ends,
                     int line_length)
    : columns_(std::move(columns)) {
  constexpr int kLeastWidth = 4;
  std::vector<int> widths;
  int current = 0;
  int total = 0;
  for (const double end : ends) {
    const int width = static_cast<int>(end * line_length) - current;
    current += width;
    widths.push_back(width + kBlanks);
    total += width + kBlanks;
  }
  const int room = line_length - static_cast<int>(ends.size()) - 1;
  if (total > room) make_narrower(widths, total - room);
  for (const int width : widths) {
    if (width < kLeastWidth + kBlanks) {
      throw_argument_error("summary", fmt::format("line_length is {}", line_length),
                           "room for columns of four characters", "take 76, or more");
    }
    widths_.push_back(static_cast<std::size_t>(width));
  }
}

std::string TextTable::border(const char* left, const char* middle, const char* right,
                              const char* line) const {
  std::string text = left;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    if (i > 0) text += middle;
    for (std::size_t k = 0; k < widths_[i]; ++k) text += line;
  }
  return text + right + "\n";
}

std::string TextTable::row(const std::vector<std::string>& cells, const char* separator) const {
  std::vector<std::vector<std::string>> columns;
  std::size_t height = 1;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    columns.push_back(wrapped(cells[i], widths_[i] - kBlanks));
    height = std::max(height, columns.back().size());
  }
  std::string text;
  for (std::size_t line = 0; line < height; ++line) {
    text += separator;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string cell = line < columns[i].size() ? columns[i][line] : "";
      text += fmt::format(" {} {}", aligned(cell, widths_[i] - kBlanks, columns_[i].alignment),
                          separator);
    }
    text += "\n";
  }
  return text;
}

std::string TextTable::render() const {
  std::vector<std::string> titles;
  for (const TextColumn& column : columns_) titles.push_back(column.title);
  std::string text = border("┏", "┳", "┓", "━") + row(titles, "┃") + border("┡", "╇", "┩", "━");
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (i > 0) text += border("├", "┼", "┤", "─");
    text += row(rows_[i], "│");
  }
  return text + border("└", "┴", "┘", "─");
}

}  // namespace tenon::graph
