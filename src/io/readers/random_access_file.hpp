#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tenon::readers {

/// A file that several threads read at once, each where it wants.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  /// The path or address, for messages.
  virtual const std::string& name() const noexcept = 0;
  virtual std::uint64_t size() const noexcept = 0;
  /// What reading costs of memory while the file is open.
  virtual std::uint64_t memory() const noexcept { return 0; }
  /// As many bytes as are well asked for at once by who reads on and on.
  virtual std::uint64_t block_size() const noexcept { return std::uint64_t{1} << 18; }
  /// The bytes from `begin` on, as many as `out` holds. Throws FormatError if there are fewer.
  virtual void read(std::uint64_t begin, std::span<char> out) const = 0;
  std::string read(std::uint64_t begin, std::uint64_t end) const;
};

/// A path, or an address, of which a whole copy is fetched (take_addresses). Throws FormatError
/// (F001) if the file is missing, a folder, or may not be read.
std::shared_ptr<const RandomAccessFile> open_file(const std::string& path);

/// The most that a gzip file may hold where it has to be unpacked into memory.
inline constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{1} << 30;
/// As open_file; what a gzip file (told by its first bytes) holds is unpacked into memory. Throws
/// FormatError (F001) if it is damaged, cut off, or above kMaxUnpackedBytes.
std::shared_ptr<const RandomAccessFile> open_unpacked(const std::string& path);

/// Reads a file from its beginning to its end, in blocks.
class BlockReader {
 public:
  explicit BlockReader(const RandomAccessFile& file) : file_(file) {}
  /// The bytes [begin, begin + count), valid until the next call. They lie inside of the file.
  std::string_view view(std::uint64_t begin, std::uint64_t count);

 private:
  const RandomAccessFile& file_;
  std::string block_;
  std::uint64_t block_begin_ = 0;
};

}  // namespace tenon::readers
