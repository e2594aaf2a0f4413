#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace tenon::dist {

/// Memory that other processes of this machine can see. Not in a file, and not in /dev/shm, which
/// is small in containers.
class SharedMemory {
 public:
  /// `total` bytes of 0, of which the first `shared` can be seen by others (whole pages of them).
  /// nullptr where the system gives none.
  static std::shared_ptr<SharedMemory> make(std::size_t total, std::size_t shared);
  /// What another process of this machine made: its first `shared` bytes. nullptr where it cannot
  /// be seen: on another machine, in another container, of another user, or gone.
  static std::shared_ptr<SharedMemory> open(const std::string& address);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// For open(), at most 95 characters; good as long as this lives.
  const std::string& address() const noexcept { return address_; }

 private:
  SharedMemory() = default;

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int file_ = -1;
  std::string address_;
};

}  // namespace tenon::dist
