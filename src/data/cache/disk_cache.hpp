#pragma once

#include "data/cache/cache_entry.hpp"
#include "data/cache/cache_folder.hpp"

namespace tenon::data {

/// What names the samples of one place in a pipeline: everything but the sample itself.
struct CachePlace {
  std::string pipeline;  ///< Source, stages and their arguments, for people.
  /// The sample's index is part of its name; else its record as the source gives it is.
  bool by_index = false;
  std::shared_ptr<const Schema> schema;   ///< Of what is kept.
  std::optional<std::int64_t> samples{};  ///< How many go through it, where that is known.
};

/// Samples in files of a folder. A sample is found by a name made of the place, its source's record
/// and the format's version; it is given only if the files that were read for it are as they were
/// then.
class DiskCache final : public SampleCache {
 public:
  DiskCache(std::shared_ptr<CacheFolder> folder, CachePlace place)
      : folder_(std::move(folder)), place_(std::move(place)) {}

  std::optional<Record> find(const CacheKey& key) override;
  std::unique_ptr<RegionReader> open(const CacheKey& key) override;
  void put(const CacheKey& key, const Record& record, const std::vector<ReadFile>& files) override;
  bool wants_source() const override { return !place_.by_index; }
  bool wants_files() const override { return true; }
  std::string address(const CacheKey& key) const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader(const CacheKey& key);

  std::shared_ptr<CacheFolder> folder_;
  CachePlace place_;
};

}  // namespace tenon::data
