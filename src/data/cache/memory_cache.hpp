#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "data/cache/sample_cache.hpp"

namespace tenon::data {

/// Samples by their index, until they take `budget` bytes (0: no bound); those that come then are
/// not kept, so that going round and round finds the first ones every time. That is told once.
class MemoryCache final : public SampleCache {
 public:
  /// `all`: how many samples go through it, where that is known.
  explicit MemoryCache(std::int64_t budget, std::optional<std::int64_t> all = std::nullopt)
      : budget_(budget), all_(all) {}
  std::optional<Record> find(const CacheKey& key) override;
  void put(const CacheKey& key, const Record& record, const std::vector<ReadFile>&) override;
  std::int64_t bytes() const noexcept { return bytes_.load(); }

 private:
  struct Part {
    std::mutex mutex;
    std::unordered_map<std::int64_t, Record> records;
  };
  Part& part_of(std::int64_t index) {
    return parts_[static_cast<std::size_t>(index) % parts_.size()];
  }

  std::int64_t budget_;
  std::optional<std::int64_t> all_;
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::int64_t> samples_{0};
  std::atomic<bool> told_{false};
  std::array<Part, 16> parts_;
};

}  // namespace tenon::data
