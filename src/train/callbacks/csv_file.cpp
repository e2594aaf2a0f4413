#include "train/callbacks/csv_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::train {
namespace {

/// Of rows that wait to be written.
constexpr std::size_t kMostWaiting = std::size_t{64} << 20;

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
  const int mode = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC);
  descriptor_ = ::open(path_.c_str(), mode, 0666);
  if (descriptor_ < 0)
    throw_file_error(path_, fmt::format("cannot be written: {}", std::strerror(errno)));
}

CsvFile::~CsvFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::int64_t CsvFile::size() const {
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (error) throw_file_error(path_, "cannot be read: " + error.message());
  return static_cast<std::int64_t>(size + waiting_.size());
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
  if (waiting_.size() + row.size() > kMostWaiting) {
    lost_ = true;
    return;
  }
  waiting_ += row;
  const int error = write_waiting();
  if (error == 0 || std::exchange(told_, true)) return;
  Diagnostic warning =
      make_diagnostic("F001", fmt::format("{}: cannot be written: {}", path_, std::strerror(error)),
                      {"the training goes on; its rows are written when they can be"});
  warning.severity = Severity::kWarning;
  emit(warning);
}

int CsvFile::write_waiting() {
  while (!waiting_.empty()) {
    const ssize_t written = ::write(descriptor_, waiting_.data(), waiting_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    waiting_.erase(0, static_cast<std::size_t>(written));
  }
  return 0;
}

void CsvFile::close() {
  const int error = write_waiting();
  if (error != 0 || lost_) {
    throw DataError(make_diagnostic(
        "F001",
        fmt::format("{}: rows are missing: {}", path_,
                    error != 0 ? std::strerror(error) : "there was no room for them for too long"),
        {}, "make room for it"));
  }
}

}  // namespace tenon::train
