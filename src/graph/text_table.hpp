#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::graph {

enum class Alignment : std::uint8_t { kLeft, kRight, kCenter };

struct TextColumn {
  std::string title;
  Alignment alignment = Alignment::kLeft;
};

/// A table drawn with box characters. Cells are wrapped between words; a word that is wider than
/// its column is cut and ends in "…".
class TextTable {
 public:
  /// `ends` tells where each column ends, as a share of `line_length`; the columns are then made
  /// narrower evenly until borders and blanks fit too. Throws ContractError (A001) if the line is
  /// too short for a column of four characters.
  TextTable(std::vector<TextColumn> columns, const std::vector<double>& ends, int line_length);

  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string render() const;

 private:
  std::string border(const char* left, const char* middle, const char* right,
                     const char* line) const;
  std::string row(const std::vector<std::string>& cells, const char* separator) const;

  std::vector<TextColumn> columns_;
  std::vector<std::size_t> widths_;  // with a blank on each side
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tenon::graph
