#pragma once

#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "data/cache/sample_cache.hpp"

namespace tenon::data {

// One sample in one file: "TENONC01", the length of the header (8 bytes, little endian), the header
// (CBOR in a zstd frame), and the chunks, a zstd frame each. Every frame carries a checksum of what
// is in it. Large images and volumes lie in chunks of 32 voxels (256 pixels) a side, so that a part
// can be read; other values in one chunk. A chunk of float32 that are all whole numbers of 8 or 16
// bits holds those: its size tells.

/// What a file says of itself beside its values.
struct EntryFacts {
  std::string address;   ///< The name that it was written under.
  std::string pipeline;  ///< The stages before the cache, for people.
  std::vector<ReadFile> files;
  std::vector<SampleIdentity> samples;
};

/// Writes `record` to `file`, which is left to be committed. Throws FormatError.
void write_entry(AtomicFile& file, const Record& record, const EntryFacts& facts);

/// An entry that was opened: its header was read and checked.
class CacheEntry {
 public:
  /// Throws FormatError (F001): it is not there, damaged, or of another format.
  explicit CacheEntry(const std::string& path);
  ~CacheEntry();
  CacheEntry(const CacheEntry&) = delete;
  CacheEntry& operator=(const CacheEntry&) = delete;

  const EntryFacts& facts() const noexcept { return facts_; }
  std::int64_t file_bytes() const noexcept { return file_bytes_; }
  std::size_t size() const noexcept { return values_.size(); }
  const std::string& key(std::size_t at) const { return values_[at].key; }
  const Shape& shape(std::size_t at) const { return values_[at].shape; }
  DType dtype(std::size_t at) const { return values_[at].dtype; }
  const Geometry* geometry(std::size_t at) const {
    return values_[at].geometry ? &*values_[at].geometry : nullptr;
  }
  Tensor whole(std::size_t at) const;
  /// What crop_volume() gives of the whole; reads the chunks that it touches.
  Tensor part(std::size_t at, const Index3D& first, const Size3D& size, double padding) const;
  std::int64_t bytes_read() const noexcept { return bytes_read_; }
  /// Notes that it was used, if the last note is older than some minutes.
  void touch() const noexcept;

 private:
  struct Chunk {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  struct Value {
    std::string key;
    DType dtype = DType::kFloat32;
    Shape shape;
    std::optional<Geometry> geometry;
    Size3D chunk{0, 0, 0};  ///< All 0: one chunk.
    std::vector<Chunk> chunks;
  };
  void read_header();
  void read_at(std::uint64_t offset, std::span<char> bytes) const;
  void load(const Value& value, const Chunk& chunk, std::span<std::byte> into) const;
  Tensor box(const Value& value, const Index3D& first, const Size3D& size) const;
  [[noreturn]] void damaged(const std::string& why) const;

  std::string path_;
  int descriptor_ = -1;
  std::int64_t file_bytes_ = 0;
  std::int64_t changed_ = 0;
  EntryFacts facts_;
  std::vector<Value> values_;
  mutable std::int64_t bytes_read_ = 0;
};

}  // namespace tenon::data
