#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace tenon::readers {

/// Memory for some time, of unspecified contents. That of an earlier one of this thread is taken
/// again, so that the system need not give fresh pages for every file.
class Scratch {
 public:
  explicit Scratch(std::size_t size);
  ~Scratch();
  Scratch(Scratch&& other) noexcept = default;
  Scratch& operator=(Scratch&&) = delete;
  std::span<std::byte> bytes() const noexcept { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

/// The first `count` bytes of what a gzip file holds, fewer where it holds less or is damaged.
std::string unpacked_start(std::span<const std::byte> packed, std::size_t count);

/// How many bytes a gzip file says that it holds (of its last member, modulo 2^32). A hint.
std::optional<std::size_t> stated_size(std::span<const std::byte> packed);

enum class Unpacking { kWhole, kDamaged, kOther };
/// Unpacks a gzip file of one member that holds out.size() bytes, and checks its checksum. kOther:
/// it holds more or less, or has further members; `out` is then of no use.
Unpacking unpack(std::span<const std::byte> packed, std::span<std::byte> out);

}  // namespace tenon::readers
