#include "io/readers/csv_row.hpp"

#include <fmt/format.h>

namespace tenon::readers {
namespace {

bool ends_row(char character) { return character == '\n' || character == '\r'; }

/// Reads the quoted cell whose opening quote is at `position`, and moves behind its closing one.
/// False if there is none.
bool read_quoted(std::string_view text, std::size_t& position, std::string& cell) {
  ++position;
  for (;;) {
    const std::size_t quote = text.find('"', position);
    if (quote == std::string_view::npos) {
      return false;
    }
    cell.append(text, position, quote - position);
    position = quote + 1;
    if (position >= text.size() || text[position] != '"') {
      return true;
    }
    cell.push_back('"');
    ++position;
  }
}

}  // namespace

std::string split_csv_row(std::string_view text, char separator, std::vector<std::string>& cells) {
  std::size_t count = 0;
  std::size_t position = 0;
  for (;;) {
    if (count == cells.size()) {
      cells.emplace_back();
    }
    std::string& cell = cells[count++];
    cell.clear();
    if (position < text.size() && text[position] == '"') {
      if (!read_quoted(text, position, cell)) {
        return fmt::format("the quote that opens cell {} is never closed", count);
      }
      if (position < text.size() && text[position] != separator && !ends_row(text[position])) {
        return fmt::format("there is text behind the closing quote of cell {}", count);
      }
    } else {
      const std::size_t start = position;
      while (position < text.size() && text[position] != separator && !ends_row(text[position])) {
        ++position;
      }
      cell.assign(text, start, position - start);
    }
    if (position >= text.size() || ends_row(text[position])) {
      cells.resize(count);
      return {};
    }
    ++position;
  }
}

}  // namespace tenon::readers
