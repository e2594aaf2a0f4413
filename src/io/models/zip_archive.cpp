#include "io/models/zip_archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/utf8_locale.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::models {
namespace {

constexpr std::size_t kMaxMembers = 4096;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 36U;
constexpr std::uint64_t kMaxRatio = 1032;  // Deflate cannot pack more.
constexpr std::size_t kBlock = std::size_t{1} << 16U;

struct FreeReader {
  void operator()(archive* handle) const noexcept { archive_read_free(handle); }
};
struct FreeWriter {
  void operator()(archive* handle) const noexcept { archive_write_free(handle); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

[[noreturn]] void fail(const std::string& path, archive* handle, const char* doing) {
  const char* reason = archive_error_string(handle);
  throw_file_error(path,
                   fmt::format("{}: {}", doing, reason == nullptr ? "no reason is known" : reason),
                   "a .keras file, which is a zip archive");
}

std::string read_member(archive* handle, const std::string& path, std::uint64_t& left) {
  std::string bytes;
  std::string block(kBlock, '\0');
  for (;;) {
    const la_ssize_t got = archive_read_data(handle, block.data(), block.size());
    if (got < 0) fail(path, handle, "a member cannot be unpacked");
    if (got == 0) return bytes;
    if (static_cast<std::uint64_t>(got) > left)
      throw_file_error(path, "its members unpack to more than is allowed");
    left -= static_cast<std::uint64_t>(got);
    bytes.append(block.data(), static_cast<std::size_t>(got));
  }
}

la_ssize_t append_bytes(archive*, void* target, const void* bytes, size_t count) {
  static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

}  // namespace

std::map<std::string, std::string> read_zip(const std::string& path) {
  const std::string file = read_file(path, kMaxBytes);
  const Utf8Locale locale;
  const std::unique_ptr<archive, FreeReader> handle(archive_read_new());
  archive_read_support_format_zip(handle.get());
  if (archive_read_open_memory(handle.get(), file.data(), file.size()) != ARCHIVE_OK) {
    fail(path, handle.get(), "this is no zip archive");
  }
  std::map<std::string, std::string> members;
  std::uint64_t left = std::min(kMaxBytes, kMaxRatio * (file.size() + 1));
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(handle.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) fail(path, handle.get(), "this is no zip archive, or it is cut off");
    if (members.size() >= kMaxMembers) throw_file_error(path, "too many members");
    const char* name = archive_entry_pathname_utf8(entry);
    if (name == nullptr) throw_file_error(path, "a member without a name");
    members[name] = read_member(handle.get(), path, left);
  }
  return members;
}

std::string write_zip(const std::vector<std::pair<std::string, std::string>>& members,
                      const std::string& path) {
  const Utf8Locale locale;
  std::string bytes;
  const std::unique_ptr<archive, FreeWriter> handle(archive_write_new());
  archive_write_set_format_zip(handle.get());
  archive_write_set_options(handle.get(), "zip:compression=store");
  archive_write_set_bytes_in_last_block(handle.get(), 1);
  if (archive_write_open(handle.get(), &bytes, nullptr, append_bytes, nullptr) != ARCHIVE_OK) {
    fail(path, handle.get(), "the archive cannot be begun");
  }
  for (const auto& [name, content] : members) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_set_pathname_utf8(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), 315532800,
                            0);  // 1980, zip's first day: equal models, equal files.
    const bool good = archive_write_header(handle.get(), entry.get()) == ARCHIVE_OK &&
                      archive_write_data(handle.get(), content.data(), content.size()) ==
                          static_cast<la_ssize_t>(content.size());
    if (!good) fail(path, handle.get(), "a member cannot be written");
  }
  if (archive_write_close(handle.get()) != ARCHIVE_OK)
    fail(path, handle.get(), "the archive cannot be finished");
  return bytes;
}

}  // namespace tenon::models
