#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace tenon::data {

/// One sample in a folder of a cache.
struct CachedFile {
  std::string path;
  std::int64_t bytes = 0;
  std::int64_t last_used = 0;  ///< Seconds since 1970, exact to some minutes.
};

/// What lies in it. Throws FormatError (F001) if it is no cache's folder.
std::vector<CachedFile> cached_files(const std::string& folder);

struct PruneOptions {
  std::optional<std::int64_t> most_bytes{};    ///< What was not used for longest goes first.
  std::optional<std::int64_t> most_seconds{};  ///< Since the last use.
  /// Those that no run finds again: their files have changed since, or they are of another format.
  bool outdated = false;
  std::function<bool(const CachedFile&)> kept{};  ///< Those that stay whatever their use was.
};
struct Pruned {
  std::int64_t files = 0;
  std::int64_t bytes = 0;
};
/// Removes samples, and what processes left that were ended while they wrote. Others may read and
/// write meanwhile. Throws FormatError (F001) if it is no cache's folder.
Pruned prune_cache(const std::string& folder, const PruneOptions& options);

/// The folder of a disk cache, kept within a budget. Thread-safe; several processes may use one.
class CacheFolder {
 public:
  /// Nothing is made before begin_writing(). `budget` 0: no bound.
  CacheFolder(std::string folder, std::int64_t budget)
      : folder_(std::move(folder)), budget_(budget), started_(::time(nullptr)) {}

  /// The one of this folder and budget that others have, or a new one: the splits of an experiment
  /// count what they write together, and warn once.
  static std::shared_ptr<CacheFolder> shared(const std::string& folder, std::int64_t budget);

  const std::string& path() const noexcept { return folder_; }
  std::string path_of(const std::string& address) const;
  /// Makes the folder and its mark. Throws FormatError (F001).
  void begin_writing();
  /// False once the budget is taken by what this run reads and writes: then nothing more is kept,
  /// so that going round and round finds the same samples every time.
  bool admits() const noexcept { return !full_.load(); }
  /// The sample of `address` was read.
  void used(const std::string& address);
  /// The one of `address` was written: makes room among what this run did not use. Where that does
  /// not do, removes it again, and says once that the cache is full; `samples`: how many there are
  /// in all, where that is known.
  void wrote(const std::string& address, std::int64_t bytes, std::optional<std::int64_t> samples);
  /// Says once that `why` keeps the cache from being used as it should.
  void warn_once(const std::string& why);

 private:
  std::string folder_;
  std::int64_t budget_;
  std::mutex mutex_;
  bool begun_ = false;
  std::int64_t started_;  ///< Seconds since 1970.
  std::atomic<bool> full_{false};
  std::unordered_set<std::size_t> used_;     ///< Hashes of names of files that were there before.
  std::optional<std::int64_t> known_bytes_;  ///< In the folder, as far as this process knows.
  std::int64_t written_since_look_ = 0;
  std::atomic<bool> warned_{false};
};

}  // namespace tenon::data
