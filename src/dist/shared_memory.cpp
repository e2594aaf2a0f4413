#include "dist/shared_memory.hpp"

#include <fmt/format.h>

#if defined(__linux__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <utility>
#endif

namespace tenon::dist {

#if defined(__linux__)
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

std::size_t page() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

/// Names the running system and the numbers of processes that it knows there.
std::string this_machine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat processes {};
  if (::stat("/proc/self/ns/pid", &processes) != 0) return {};
  return fmt::format("{}:{}", boot, processes.st_ino);
}

}  // namespace

std::shared_ptr<SharedMemory> SharedMemory::make(std::size_t total, std::size_t shared) {
  std::shared_ptr<SharedMemory> made(new SharedMemory);
  const std::string machine = this_machine();
  const std::size_t seen = rounded_up(shared, page());
  made->file_ = ::memfd_create("tenon", MFD_CLOEXEC);
  if (machine.empty() || made->file_ < 0 || ::ftruncate(made->file_, static_cast<off_t>(seen)) != 0)
    return nullptr;
  // One piece: what is seen first, then the rest, which may lie in large pages.
  made->size_ = rounded_up(std::max(total, seen), kHugePage) + kHugePage;
  void* all =
      ::mmap(nullptr, made->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  made->data_ = static_cast<std::byte*>(all);
  ::madvise(all, made->size_, MADV_HUGEPAGE);
  if (::mmap(all, seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, made->file_, 0) ==
      MAP_FAILED)
    return nullptr;
  made->address_ = fmt::format("{}:{}:{}:{}", machine, ::getpid(), made->file_, seen);
  return made;
}

std::shared_ptr<SharedMemory> SharedMemory::open(const std::string& address) {
  const std::string machine = this_machine() + ":";
  if (machine.size() < 3 || !address.starts_with(machine)) return nullptr;
  int process = 0;
  int file = 0;
  std::size_t bytes = 0;
  if (std::sscanf(address.c_str() + machine.size(), "%d:%d:%zu", &process, &file, &bytes) != 3)
    return nullptr;
  std::shared_ptr<SharedMemory> made(new SharedMemory);
  made->file_ = ::open(fmt::format("/proc/{}/fd/{}", process, file).c_str(), O_RDWR | O_CLOEXEC);
  struct stat found {};
  if (made->file_ < 0 || ::fstat(made->file_, &found) != 0 ||
      static_cast<std::size_t>(found.st_size) != bytes)
    return nullptr;
  void* all = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made->file_, 0);
  // A machine may have a hundred ranks, each with several such: more files than may be open.
  ::close(std::exchange(made->file_, -1));
  if (all == MAP_FAILED) return nullptr;
  made->data_ = static_cast<std::byte*>(all);
  made->size_ = bytes;
  made->address_ = address;
  return made;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
  if (file_ >= 0) ::close(file_);
}
#else
std::shared_ptr<SharedMemory> SharedMemory::make(std::size_t, std::size_t) { return nullptr; }
std::shared_ptr<SharedMemory> SharedMemory::open(const std::string&) { return nullptr; }
SharedMemory::~SharedMemory() = default;
#endif

}  // namespace tenon::dist
