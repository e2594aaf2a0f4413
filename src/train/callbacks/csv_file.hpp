#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tenon::train {

/// A table file that grows by whole rows, written row by row so that a run that was killed has all
/// its rows. Folders above it are made. Rows that cannot be written (a full disk) are kept, which
/// is told as a warning, and written when there is room again.
class CsvFile {
 public:
  /// Throws FormatError (F001). With `append`, rows of a file that exists are kept, and no header
  /// is written if it has one.
  CsvFile(std::string path, bool append, std::string separator);
  ~CsvFile();
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;

  /// True if the file had rows when it was opened: its header stands.
  bool has_header() const noexcept { return has_header_; }
  /// Bytes so far, with the rows that wait. Throws FormatError (F001).
  std::int64_t size() const;
  /// Takes away what was written behind so many bytes. A file that has fewer stays as it is, which
  /// is told as a warning. Throws FormatError (F001).
  void cut_to(std::int64_t size);
  /// Cells that hold the separator, quotes or line ends are quoted.
  void write_row(std::span<const std::string> cells);
  /// Throws DataError (F001) if there are rows that could not be written.
  void close();

 private:
  /// 0, or the error number.
  int write_waiting();

  std::string path_;
  std::string separator_;
  int descriptor_ = -1;
  bool has_header_ = false;
  std::string waiting_;  ///< Rows, or the rest of one.
  bool told_ = false;
  bool lost_ = false;  ///< Rows that waited and for which there was no memory either.
};

}  // namespace tenon::train
