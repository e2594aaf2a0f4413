#include "train/callbacks/csv_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::train {
namespace {

std::string quoted(const std::string& cell, const std::string& separator) {
  if (cell.find_first_of("\"\r\n") == std::string::npos &&
      cell.find(separator) == std::string::npos) {
    return cell;
  }
  std::string out = "\"";
  for (const char letter : cell) {
    if (letter == '"') out += '"';
    out += letter;
  }
  return out + '"';
}

void make_folder_above(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) throw_file_error(path, fmt::format("its folder cannot be made: {}", error.message()));
}

}  // namespace

CsvFile::CsvFile(std::string path, bool append, std::string separator)
    : path_(std::move(path)), separator_(std::move(separator)) {
  make_folder_above(path_);
  std::error_code error;
  has_header_ = append && std::filesystem::file_size(path_, error) > 0 && !error;
  file_.reset(std::fopen(path_.c_str(), append ? "ab" : "wb"));
  if (!file_) throw_file_error(path_, fmt::format("cannot be written: {}", std::strerror(errno)));
}

std::int64_t CsvFile::size() const {
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (error) throw_file_error(path_, "cannot be read: " + error.message());
  return static_cast<std::int64_t>(size);
}

void CsvFile::cut_to(std::int64_t to) {
  if (size() < to) {
    Diagnostic warning = make_diagnostic(
        "F001", fmt::format("{}: rows are missing: it has {} bytes, the training had written {}",
                            path_, size(), to));
    warning.severity = Severity::kWarning;
    emit(warning);
    return;
  }
  std::error_code error;
  std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(to), error);
  if (error) throw_file_error(path_, "cannot be cut: " + error.message());
}

void CsvFile::write_row(std::span<const std::string> cells) {
  std::string row;
  for (const std::string& cell : cells) {
    if (&cell != cells.data()) row += separator_;
    row += quoted(cell, separator_);
  }
  row += '\n';
  if (std::fwrite(row.data(), 1, row.size(), file_.get()) != row.size() ||
      std::fflush(file_.get()) != 0) {
    throw_file_error(path_, fmt::format("cannot be written: {}", std::strerror(errno)));
  }
}

}  // namespace tenon::train
