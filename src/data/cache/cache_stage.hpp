#pragma once

#include <map>
#include <mutex>

#include "data/cache/cache_folder.hpp"
#include "data/cache/disk_cache.hpp"
#include "data/cache/memory_cache.hpp"
#include "data/stages/named_stage.hpp"

namespace tenon::data {

/// Keeps samples as they are where it stands. The executor asks its cache before it reads; run as a
/// stage (to show a function a sample) it changes nothing.
class CacheStage final : public NamedStage<SampleStage> {
 public:
  /// `folder` empty: in memory.
  CacheStage(std::string folder, CacheOptions options, SourceLocation location);

  void edit(SchemaEditor& editor) const override;
  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override;
  std::string arguments() const override;
  std::vector<Diagnostic> problems_behind(const Pipeline& before) const override;

  /// The cache of stage `place` of `pipeline`, which is this one. Iterators of one pipeline share
  /// it.
  std::shared_ptr<SampleCache> cache(const Pipeline& pipeline, std::size_t place) const;

 private:
  Diagnostic problem(const std::string& what, const std::string& why, std::string fix) const;

  std::string folder_;
  CacheOptions options_;
  /// A stage is immutable; what it keeps in memory is not what it is.
  struct Kept {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<MemoryCache>> memory;
    std::shared_ptr<CacheFolder> folder;
  };
  std::shared_ptr<Kept> kept_;
};

}  // namespace tenon::data
