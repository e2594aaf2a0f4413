#include "core/physical_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace tenon {
namespace {

/// Of a file that holds one number; "max" and a file that is not there bound nothing.
std::int64_t limit_in(const char* path) {
  std::ifstream file(path);
  std::int64_t limit = 0;
  return file >> limit && limit > 0 ? limit : std::numeric_limits<std::int64_t>::max();
}

std::int64_t read_memory() {
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  const std::int64_t machine =
      pages > 0 && page > 0 ? pages * page : std::numeric_limits<std::int64_t>::max();
  return std::min({machine, limit_in("/sys/fs/cgroup/memory.max"),
                   limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

}  // namespace

std::int64_t physical_memory() noexcept {
  static const std::int64_t memory = read_memory();
  return memory;
}

}  // namespace tenon
