#include "io/readers/csv_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/open_file.hpp"
#include "io/readers/csv_row.hpp"
#include "io/readers/csv_value.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 18;

/// A row as it stands in the file, without its line end.
struct RawRow {
  std::string text;
  std::uint64_t offset = 0;
  std::int64_t line = 0;
};

/// Cuts a file into rows. Only knows quotes and line ends; the cells are split elsewhere.
class RowReader {
 public:
  RowReader(const std::string& path, char separator)
      : path_(path), separator_(separator), file_(open_for_reading(path)), piece_(kPieceBytes) {
    skip_byte_order_mark();
  }

  /// The next row that is not empty.
  bool next(RawRow& row) {
    do {
      row.text.clear();
      row.offset = offset_;
      row.line = line_;
      if (!read_row(row.text)) {
        return false;
      }
    } while (row.text.empty());
    return true;
  }
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  enum class Place : std::uint8_t { kCellStart, kPlain, kQuoted, kQuoteInQuoted };

  std::optional<char> peek() {
    if (next_ == end_) {
      end_ = std::fread(piece_.data(), 1, piece_.size(), file_.handle.get());
      next_ = 0;
      if (end_ == 0) {
        if (std::ferror(file_.handle.get()) != 0) {
          throw_file_error(path_, "the file could not be read to its end");
        }
        return std::nullopt;
      }
    }
    return piece_[next_];
  }
  void advance() {
    ++next_;
    ++offset_;
  }

  void skip_byte_order_mark() {
    for (const char expected : {'\xEF', '\xBB', '\xBF'}) {
      const auto character = peek();
      if (offset_ == 0 && character && (*character == '\xFF' || *character == '\xFE')) {
        throw_file_error(path_, "the file is UTF-16", "UTF-8", "save it as UTF-8");
      }
      if (!character || *character != expected) {
        if (offset_ > 0) {
          throw_file_error(path_, "the file begins with half of a byte order mark", "UTF-8");
        }
        return;
      }
      advance();
    }
  }

  /// A line end that was seen: moves behind it, CR LF being one.
  void pass_line_end(char character) {
    advance();
    if (character == '\r' && peek() == '\n') {
      advance();
    }
    ++line_;
  }

  void step_inside(char character, Place& place) {
    switch (place) {
      case Place::kCellStart:
      case Place::kPlain:
        place = character == separator_                          ? Place::kCellStart
                : place == Place::kCellStart && character == '"' ? Place::kQuoted
                                                                 : Place::kPlain;
        break;
      case Place::kQuoted:
        place = character == '"' ? Place::kQuoteInQuoted : Place::kQuoted;
        line_ += character == '\n' ? 1 : 0;
        break;
      case Place::kQuoteInQuoted:
        place = character == '"'          ? Place::kQuoted
                : character == separator_ ? Place::kCellStart
                                          : Place::kPlain;
        break;
    }
  }

  /// False at the end of the file.
  bool read_row(std::string& text) {
    const std::int64_t first_line = line_;
    Place place = Place::kCellStart;
    for (;;) {
      const auto character = peek();
      if (!character) {
        if (place == Place::kQuoted) {
          throw_file_error(path_,
                           fmt::format("a quote in the row of line {} is never closed", first_line),
                           "a closing quote", "a quote inside of a quoted cell is written twice");
        }
        return !text.empty();
      }
      if (place != Place::kQuoted && (*character == '\n' || *character == '\r')) {
        pass_line_end(*character);
        return true;
      }
      step_inside(*character, place);
      text.push_back(*character);
      advance();
      if (text.size() > kMaxCsvRowBytes) {
        throw_file_error(path_, fmt::format("the row of line {} is too long", first_line),
                         fmt::format("at most {} bytes; a quote may be missing", kMaxCsvRowBytes));
      }
    }
  }

  std::string path_;
  char separator_;
  OpenFile file_;
  std::vector<char> piece_;
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  std::int64_t line_ = 1;
};

std::vector<std::string> read_header(RowReader& reader, const std::string& path, char separator) {
  RawRow row;
  if (!reader.next(row)) {
    throw_file_error(path, "the file is empty", "a header with the names of the columns");
  }
  std::vector<std::string> names;
  const std::string problem = split_csv_row(row.text, separator, names);
  if (!problem.empty()) {
    throw_file_error(path, fmt::format("header: {}", problem));
  }
  if (names.size() > kMaxCsvColumns) {
    throw_file_error(path, fmt::format("{} columns", names.size()),
                     fmt::format("at most {}", kMaxCsvColumns));
  }
  for (std::size_t column = 0; column < names.size(); ++column) {
    if (names[column].empty()) {
      throw_file_error(
          path, fmt::format("column {} of {} has no name", column + 1, names.size()),
          "a header with a name for every column",
          "name it in the file (a table saved with its row numbers has such a column)");
    }
  }
  return names;
}

}  // namespace

std::int64_t CsvScan::line_of(std::int64_t index) const {
  const auto after =
      std::upper_bound(line_jumps.begin(), line_jumps.end(), index,
                       [](std::int64_t row, const auto& jump) { return row < jump.first; });
  return after == line_jumps.begin() ? index + 2
                                     : std::prev(after)->second + index - std::prev(after)->first;
}

CsvScan scan_csv(const std::string& path, char separator) {
  RowReader reader(path, separator);
  CsvScan scan;
  scan.names = read_header(reader, path, separator);
  std::vector<ColumnType> columns(scan.names.size());
  std::vector<ColumnTexts> texts(scan.names.size());
  scan.odd_cells.resize(scan.names.size());
  std::vector<std::string> cells;
  RawRow row;
  std::int64_t expected_line = 2;
  while (reader.next(row)) {
    if (row.line != expected_line) {
      scan.line_jumps.emplace_back(static_cast<std::int64_t>(scan.offsets.size()), row.line);
    }
    expected_line = row.line + 1;
    scan.offsets.push_back(row.offset);
    scan.hash.add(row.text);
    const bool whole = split_csv_row(row.text, separator, cells).empty();
    if (whole && cells.size() == columns.size()) {
      for (std::size_t column = 0; column < columns.size(); ++column) {
        if (columns[column].note(cells[column]))
          scan.odd_cells[column] = {scan.count(), cells[column], 0};
        texts[column].note(cells[column], columns[column]);
      }
    }
  }
  scan.offsets.push_back(reader.offset());
  for (std::size_t column = 0; column < columns.size(); ++column) {
    scan.types.push_back(columns[column].dtype());
    scan.texts.push_back(texts[column].texts());
    scan.ranges.push_back(columns[column].range());
    scan.odd_cells[column].count = columns[column].odd_cells();
  }
  return scan;
}

}  // namespace tenon::readers
