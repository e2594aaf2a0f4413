#include "data/cache/memory_cache.hpp"

#include "data/cache/full_cache.hpp"
#include "data/meter.hpp"
#include "tenon/message.hpp"

namespace tenon::data {

std::optional<Record> MemoryCache::find(const CacheKey& key) {
  Part& part = part_of(key.index);
  const std::lock_guard lock(part.mutex);
  const auto found = part.records.find(key.index);
  if (found == part.records.end()) return std::nullopt;
  return found->second;
}

void MemoryCache::put(const CacheKey& key, const Record& record, const std::vector<ReadFile>&) {
  const std::int64_t bytes = bytes_of(record);
  if (budget_ > 0 && bytes_.load() + bytes > budget_) {
    if (!told_.exchange(true))
      emit(full_cache("", {budget_, samples_.load(), bytes_.load()}, all_));
    return;
  }
  bytes_ += bytes;
  Part& part = part_of(key.index);
  const std::lock_guard lock(part.mutex);
  if (part.records.emplace(key.index, record).second) {
    ++samples_;
  } else {
    bytes_ -= bytes;
  }
}

}  // namespace tenon::data
