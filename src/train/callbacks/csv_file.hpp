#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

namespace tenon::train {

/// A table file that grows by whole rows, flushed row by row so that a run that was killed has all
/// its rows. Folders above it are made.
class CsvFile {
 public:
  /// Throws FormatError (F001). With `append`, rows of a file that exists are kept, and no header
  /// is written if it has one.
  CsvFile(std::string path, bool append, std::string separator);

  /// True if the file had rows when it was opened: its header stands.
  bool has_header() const noexcept { return has_header_; }
  /// Bytes so far. Throws FormatError (F001).
  std::int64_t size() const;
  /// Takes away what was written behind so many bytes. A file that has fewer stays as it is, which
  /// is told as a warning. Throws FormatError (F001).
  void cut_to(std::int64_t size);
  /// Cells that hold the separator, quotes or line ends are quoted. Throws FormatError (F001).
  void write_row(std::span<const std::string> cells);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string path_;
  std::string separator_;
  std::unique_ptr<std::FILE, Close> file_;
  bool has_header_ = false;
};

}  // namespace tenon::train
