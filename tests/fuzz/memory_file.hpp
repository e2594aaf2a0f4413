#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "tenon/error.hpp"

namespace tenon::fuzz {

/// A file that lies in memory alone, with a path by which this process can open it.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* bytes, std::size_t size)
      : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t written = ::write(descriptor_, bytes + done, size - done);
      if (written <= 0) break;
      done += static_cast<std::size_t>(written);
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// Runs what may refuse its input by one of the library's own errors, and by no other.
template <class Call>
void allow_errors(Call call) {
  try {
    call();
  } catch (const Error&) {
  }
}

}  // namespace tenon::fuzz
