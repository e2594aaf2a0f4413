#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace tenon {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

/// A file open for reading, and its size; 0 where it has none (in /proc).
struct OpenFile {
  std::unique_ptr<std::FILE, CloseFile> handle;
  std::uint64_t size = 0;
};

/// An address is opened as its copy (core/address.hpp). Throws FormatError (F001) if the file is
/// missing, no regular file (a pipe would be waited for), or may not be read.
OpenFile open_for_reading(const std::string& path);

/// All of its bytes; throws as open_for_reading(), and above `limit` bytes.
std::string read_regular_file(const std::string& path, std::uint64_t limit);

}  // namespace tenon
