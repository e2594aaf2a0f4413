#include "data/cache/disk_cache.hpp"

#include <unistd.h>

#include <algorithm>

#include "data/cache/content_hash.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

/// Part of every name: another version of the program or of the files finds none of these.
constexpr std::string_view kCodeVersion = "tenon " TENON_VERSION ", samples 2";

bool unchanged(const std::vector<ReadFile>& files) {
  return std::all_of(files.begin(), files.end(), [](const ReadFile& file) {
    return !file.identity.empty() && file_identity(file.path) == file.identity;
  });
}

}  // namespace

class DiskCache::Reader final : public RegionReader {
 public:
  Reader(const std::string& path, std::shared_ptr<CacheFolder> folder)
      : entry_(path), folder_(std::move(folder)) {}

  /// Finds the schema's keys in the file; false if it has others.
  bool fits(const Schema& schema) {
    if (entry_.size() != schema.size()) return false;
    for (const Field& field : schema) {
      std::size_t at = 0;
      while (at < entry_.size() && entry_.key(at) != field.key) ++at;
      if (at == entry_.size() || entry_.dtype(at) != field.spec.dtype) return false;
      places_.push_back(at);
    }
    return true;
  }
  void name(std::vector<SampleIdentity> samples) { samples_ = std::move(samples); }
  const CacheEntry& entry() const { return entry_; }

  const Shape& shape(std::size_t slot) const override { return entry_.shape(places_[slot]); }
  const Geometry* geometry(std::size_t slot) const override {
    return entry_.geometry(places_[slot]);
  }
  std::vector<SampleIdentity> samples() const override { return samples_; }
  Tensor whole(std::size_t slot) override {
    return whole_or_miss([&] { return entry_.whole(places_[slot]); });
  }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    return whole_or_miss([&] { return entry_.part(places_[slot], first, size, padding); });
  }

 private:
  template <class Read>
  Tensor whole_or_miss(Read read) {
    try {
      return read();
    } catch (const FormatError& error) {
      folder_->warn_once(error.diagnostics().front().message);
      throw CacheMiss{};
    }
  }

  CacheEntry entry_;
  std::shared_ptr<CacheFolder> folder_;
  std::vector<std::size_t> places_;
  std::vector<SampleIdentity> samples_;
};

std::string DiskCache::address(const CacheKey& key) const {
  ContentHash hash;
  hash.add(kCodeVersion);
  hash.add(place_.pipeline);
  if (place_.by_index) {
    hash.add(static_cast<std::uint64_t>(key.index));
  } else {
    hash.add(*key.source);
  }
  for (const ReadFile& file : key.files) {
    hash.add(file.path);
    hash.add(file.identity);
  }
  return hash.hex();
}

std::unique_ptr<DiskCache::Reader> DiskCache::reader(const CacheKey& key) {
  const std::string name = address(key);
  const std::string path = folder_->path_of(name);
  if (::access(path.c_str(), R_OK) != 0) return nullptr;
  try {
    auto reader = std::make_unique<Reader>(path, folder_);
    const EntryFacts& facts = reader->entry().facts();
    if (facts.address != name || !reader->fits(*place_.schema) || !unchanged(facts.files)) {
      return nullptr;
    }
    // One record may stand in several places of several sources.
    reader->name(place_.by_index ? facts.samples : key.source->samples());
    reader->entry().touch();
    folder_->used(name);
    return reader;
  } catch (const FormatError& error) {
    if (::access(path.c_str(), R_OK) == 0) folder_->warn_once(error.diagnostics().front().message);
    return nullptr;
  }
}

std::optional<Record> DiskCache::find(const CacheKey& key) {
  const auto found = reader(key);
  if (found == nullptr) return std::nullopt;
  std::vector<Tensor> values;
  for (std::size_t slot = 0; slot < place_.schema->size(); ++slot)
    values.push_back(found->whole(slot));
  return Record(place_.schema, std::move(values), found->samples());
}

std::unique_ptr<RegionReader> DiskCache::open(const CacheKey& key) { return reader(key); }

void DiskCache::put(const CacheKey& key, const Record& record, const std::vector<ReadFile>& files) {
  // A file that changed while it was read is read again next time.
  if (!folder_->admits() || !unchanged(files)) return;
  try {
    folder_->begin_writing();
    const std::string name = address(key);
    AtomicFile file(folder_->path_of(name));
    write_entry(file, record, {name, place_.pipeline, files, record.samples()});
    const std::int64_t bytes = ::lseek(file.descriptor(), 0, SEEK_CUR);
    // A disk's sync takes longer than making a small sample; what a loss of power damages has not
    // its checksums, and is made again.
    file.commit_unsynced();
    folder_->wrote(name, bytes, place_.samples);
  } catch (const FormatError& error) {
    folder_->warn_once(error.diagnostics().front().message);
  }
}

}  // namespace tenon::data
