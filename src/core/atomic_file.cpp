#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "tenon/error.hpp"

namespace tenon {
namespace {

std::string system_message(int code) { return std::generic_category().message(code); }

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Where `path` leads: symbolic links are followed, also to a file that is not there yet.
std::string behind_links(std::string path) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;
  std::error_code error;
  for (int links = 0; links < kMostLinks && fs::is_symlink(path, error); ++links) {
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = (fs::path(path).parent_path() / target).string();
  }
  if (fs::is_symlink(path, error)) {
    throw_file_error(path, "cannot be written: its symbolic links lead nowhere",
                     "the name of a file");
  }
  return path;
}

/// A rename would put a file where a device, a pipe or a folder was.
void require_regular(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return;
  const bool folder = std::filesystem::is_directory(status);
  throw_file_error(path,
                   folder ? "cannot be written: it is a folder"
                          : "cannot be written: it is no regular file (a device or a pipe?)",
                   "the name of a file", "give the name of a file that may be replaced");
}

std::string unique_name_beside(const std::string& path) {
  static std::atomic<std::uint64_t> counter{0};
  return fmt::format("{}.tmp-{}-{}", path, ::getpid(), counter.fetch_add(1));
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  require_regular(path_);
  path_ = behind_links(std::move(path_));
  temporary_path_ = unique_name_beside(path_);
  std::error_code error;
  std::filesystem::create_directories(folder_of(path_), error);
  if (error) {
    throw_file_error(path_, "its folder cannot be made: " + error.message(),
                     "a place that can be written to");
  }
  descriptor_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("cannot be written");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(std::string_view bytes) { write(bytes.data(), bytes.size()); }

void AtomicFile::write(const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, at, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing failed");
    at += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("syncing failed");
  close_and_rename();
  // Some file systems cannot sync a folder; the file itself is safe by then.
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

void AtomicFile::commit_unsynced() { close_and_rename(); }

void AtomicFile::close_and_rename() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("closing failed");
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) fail("renaming failed");
  committed_ = true;
}

void AtomicFile::fail(const char* doing) const {
  throw_file_error(path_, fmt::format("{}: {}", doing, system_message(errno)),
                   "a place with room that can be written to");
}

}  // namespace tenon
