#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "io/readers/random_access_file.hpp"
#include "io/readers/recently_used.hpp"

namespace tenon::readers {

/// What `patterns` stand for, in their order: `{000..007}` and `{a,b}` are spelt out, `*`, `?` and
/// `[…]` match names of files (in the order of the names' bytes), though not in addresses. Throws
/// FormatError (F001) for a pattern that no file matches, ContractError (A001) for braces that do
/// not end, or too many.
std::vector<std::string> expand_paths(const std::vector<std::string>& patterns);
/// True of a text with a `{`, `*`, `?` or `[` that is no file's name to the letter.
bool is_pattern(const std::string& path);

/// Files that are parts of one set, kept open while there is room.
class Shards {
 public:
  explicit Shards(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  std::size_t count() const noexcept { return paths_.size(); }
  const std::string& path(std::size_t shard) const { return paths_[shard]; }
  const std::vector<std::string>& paths() const noexcept { return paths_; }
  /// No more than `count` stay open from now on; 0: as many as usual.
  void keep(std::size_t count) const { open_.keep(count == 0 ? kUsuallyOpen : count); }
  /// Unpacked where it is a gzip file. Any thread. Throws FormatError (F001).
  std::shared_ptr<const RandomAccessFile> open(std::size_t shard) const;

 private:
  static constexpr std::size_t kUsuallyOpen = 64;
  std::vector<std::string> paths_;
  mutable RecentlyUsed<RandomAccessFile> open_{kUsuallyOpen, kMaxUnpackedBytes};
};

}  // namespace tenon::readers
