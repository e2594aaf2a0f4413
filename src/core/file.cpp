#include "tenon/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
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

/// Opening a pipe that nobody writes to waits where `waits` is, and is refused otherwise.
OpenFile open_file(const std::string& path, bool waits) {
  const int flags = O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK);
  const int descriptor = ::open(local_path(path).c_str(), flags);
  if (descriptor < 0) {
    const int code = errno;
    throw_file_error(path, "cannot be read: " + std::generic_category().message(code),
                     "a file that exists and may be read",
                     "check the path and where it starts from");
  }
  OpenFile file{std::unique_ptr<std::FILE, CloseFile>(::fdopen(descriptor, "rb")), 0};
  if (file.handle == nullptr) {
    ::close(descriptor);
    throw_file_error(path, "cannot be read: out of memory");
  }
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  if (known && S_ISDIR(status.st_mode)) throw_file_error(path, "is a folder", "a file");
  const bool regular = known && S_ISREG(status.st_mode);
  if (!regular && !waits) {
    throw_file_error(path, "is no regular file (a device or a pipe?)", "a file");
  }
  file.size = regular ? static_cast<std::uint64_t>(status.st_size) : 0;
  return file;
}

std::string read_whole(const std::string& path, const OpenFile& file, std::uint64_t limit) {
  if (file.size > limit) throw_too_large(path, file.size, limit);
  std::setvbuf(file.handle.get(), nullptr, _IONBF, 0);
  std::string contents;
  // Read to the end whatever the size says: pipes and /proc have none.
  std::size_t wanted = file.size > 0 ? static_cast<std::size_t>(file.size) + 1 : kChunk;
  for (;;) {
    const std::size_t before = contents.size();
    contents.resize(before + wanted);
    const std::size_t count = std::fread(contents.data() + before, 1, wanted, file.handle.get());
    contents.resize(before + count);
    if (contents.size() > limit) throw_too_large(path, contents.size(), limit);
    if (count == wanted) {
      wanted = kChunk;
      continue;
    }
    if (std::ferror(file.handle.get()) != 0) throw_file_error(path, "reading failed");
    return contents;
  }
}

}  // namespace

OpenFile open_for_reading(const std::string& path) { return open_file(path, false); }

std::string read_regular_file(const std::string& path, std::uint64_t limit) {
  return read_whole(path, open_file(path, false), limit);
}

std::string read_file(const std::string& path, std::uint64_t limit) {
  return read_whole(path, open_file(path, true), limit);
}

void write_file_atomically(const std::string& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

}  // namespace tenon
