#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/content_hash.hpp"
#include "tenon/dtype.hpp"
#include "tenon/spec.hpp"

namespace tenon::readers {

/// Cells that make a column text, which holds numbers otherwise.
struct OddCells {
  std::int64_t row = 0;  ///< Of the first one.
  std::string text;
  std::int64_t count = 0;  ///< 0: there are none.
};

/// Where the rows of a CSV file lie, and what its columns hold. 8 bytes a row.
struct CsvScan {
  std::vector<std::string> names;  ///< Of the header, to the letter.
  std::vector<DType> types;        ///< Learnt from all rows; see ColumnType.
  /// Of columns of text that hold few different ones, all of them; of columns of whole numbers,
  /// from the least to the greatest.
  std::vector<std::optional<std::vector<std::string>>> texts;
  std::vector<std::optional<ValueRange>> ranges;
  std::vector<OddCells> odd_cells;     ///< By column.
  std::vector<std::uint64_t> offsets;  ///< Of each row's first byte; then the end of the last row.
  /// (row, line) where a row's line is not the line of the row before it plus 1: cells hold line
  /// ends, or empty lines lie between.
  std::vector<std::pair<std::int64_t, std::int64_t>> line_jumps;

  /// Of the rows as they stand in the file, without their line ends.
  ListHash hash;

  std::int64_t count() const noexcept { return static_cast<std::int64_t>(offsets.size()) - 1; }
  /// 1-based line on which row `index` begins; the header's is 1.
  std::int64_t line_of(std::int64_t index) const;
};

inline constexpr std::uint64_t kMaxCsvRowBytes = std::uint64_t{1} << 26;
inline constexpr std::size_t kMaxCsvColumns = 65536;

/// Reads the file once, in pieces. Empty lines are no rows; a byte order mark is skipped; rows with
/// a wrong number of cells are left out of what is learnt of the columns. Throws FormatError
/// (F001): no header, a column without a name, a quote that is never closed, UTF-16, a row over
/// kMaxCsvRowBytes.
CsvScan scan_csv(const std::string& path, char separator);

}  // namespace tenon::readers
