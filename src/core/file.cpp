#include "tenon/file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "core/address.hpp"
#include "core/atomic_file.hpp"
#include "core/open_file.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20U;

[[noreturn]] void throw_too_large(const std::string& path, std::uint64_t size,
                                  std::uint64_t limit) {
  throw_file_error(path, fmt::format("the file has {} bytes or more", size),
                   fmt::format("at most {} bytes", limit));
}

}  // namespace

OpenFile open_for_reading(const std::string& path) {
  std::error_code error;
  const std::string local = local_path(path);
  if (std::filesystem::is_directory(local, error)) {
    throw_file_error(path, "is a folder", "a file");
  }
  OpenFile file{std::unique_ptr<std::FILE, CloseFile>(std::fopen(local.c_str(), "rbe")), 0};
  if (file.handle == nullptr) {
    const int code = errno;
    throw_file_error(path, "cannot be read: " + std::generic_category().message(code),
                     "a file that exists and may be read",
                     "check the path and where it starts from");
  }
  const std::uintmax_t size = std::filesystem::file_size(local, error);
  file.size = error ? 0 : static_cast<std::uint64_t>(size);
  return file;
}

std::string read_file(const std::string& path, std::uint64_t limit) {
  const OpenFile file = open_for_reading(path);
  if (file.size > limit) throw_too_large(path, file.size, limit);
  std::string contents;
  contents.reserve(static_cast<std::size_t>(file.size));
  // Read to the end whatever the size says: pipes and /proc have none.
  for (;;) {
    const std::size_t before = contents.size();
    contents.resize(before + kChunk);
    const std::size_t count = std::fread(contents.data() + before, 1, kChunk, file.handle.get());
    contents.resize(before + count);
    if (contents.size() > limit) throw_too_large(path, contents.size(), limit);
    if (count == kChunk) continue;
    if (std::ferror(file.handle.get()) != 0) throw_file_error(path, "reading failed");
    return contents;
  }
}

void write_file_atomically(const std::string& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

}  // namespace tenon
