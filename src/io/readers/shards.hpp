#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/readers/random_access_file.hpp"

namespace tenon::readers {

/// What `patterns` stand for, in their order: `{000..007}` and `{a,b}` are spelt out, `*`, `?` and
/// `[…]` match names of files (in the order of the names' bytes), though not in addresses. Throws
/// FormatError (F001) for a pattern that no file matches, ContractError (A001) for braces that do
/// not end, or too many.
std::vector<std::string> expand_paths(const std::vector<std::string>& patterns);

/// Files that are parts of one set, kept open while there is room.
class Shards {
 public:
  explicit Shards(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  std::size_t count() const noexcept { return paths_.size(); }
  const std::string& path(std::size_t shard) const { return paths_[shard]; }
  const std::vector<std::string>& paths() const noexcept { return paths_; }
  /// Unpacked where it is a gzip file. Any thread. Throws FormatError (F001).
  std::shared_ptr<const RandomAccessFile> open(std::size_t shard) const;

 private:
  using Entry = std::pair<std::size_t, std::shared_ptr<const RandomAccessFile>>;
  std::shared_ptr<const RandomAccessFile> find(std::size_t shard) const;

  std::vector<std::string> paths_;
  mutable std::mutex mutex_;
  mutable std::list<Entry> open_;  ///< The one used last is first.
};

}  // namespace tenon::readers
