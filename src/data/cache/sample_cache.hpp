#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/region.hpp"
#include "data/source.hpp"

namespace tenon::data {

/// A file that was read for a sample, and how it was recognised before that.
struct ReadFile {
  std::string path;
  std::string identity;
};

/// What a cache is asked by: which sample, and how its record begins.
struct CacheKey {
  std::int64_t index = 0;
  /// Of a source that is known by its records: what read(index) gave.
  const Record* source = nullptr;
  /// The files that it is made of, as far as the source's record names them, as they are now.
  std::span<const ReadFile> files{};
};

/// Thrown by find() and by readers that open() gave: what is there cannot be used after all.
struct CacheMiss {};

/// Samples as they are behind some stages. Thread-safe; what cannot be kept is made again.
class SampleCache {
 public:
  virtual ~SampleCache() = default;
  virtual std::optional<Record> find(const CacheKey& key) = 0;
  /// The same, to be read in parts; nullptr if it is not there, or has no parts.
  virtual std::unique_ptr<RegionReader> open(const CacheKey& /*key*/) { return nullptr; }
  virtual void put(const CacheKey& key, const Record& record,
                   const std::vector<ReadFile>& files) = 0;
  /// True if a key needs the source's record.
  virtual bool wants_source() const { return false; }
  /// True if it wants to know which files were read.
  virtual bool wants_files() const { return false; }
};

/// How a file or a folder of files is recognised: size, time of change and inode; of a header that
/// tells of others (.mhd, .nhdr, .hdr), those beside it too. Empty if it is not there.
std::string file_identity(const std::string& path);

/// … of what an address names: what its server calls this version of the file. Empty where that is
/// not known: what is made of it is not kept in files.
using AddressIdentity = std::string (*)(const std::string& address);
/// From then on file_identity() takes addresses too. Thread-safe.
void set_address_identity(AddressIdentity identity) noexcept;

}  // namespace tenon::data
