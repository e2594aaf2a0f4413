#pragma once

#include <atomic>
#include <cstdint>

#include "core/physical_memory.hpp"

namespace tenon::data {

/// A quarter of the memory that there is: training needs the rest.
inline std::int64_t most_prefetched_bytes() noexcept { return physical_memory() / 4; }
/// An element in a queue costs so much beside its values.
inline constexpr std::int64_t kElementBytes = 1024;

/// Bytes that the queues of one running iterator share. Thread-safe.
class RamBudget {
 public:
  /// `limit` of 0: no bound.
  explicit RamBudget(std::int64_t limit) : limit_(limit) {}

  bool bounded() const noexcept { return limit_ > 0; }
  /// False if they do not fit, and nothing is taken. `anyway`: where a queue is empty, which has to
  /// hold one element.
  bool take(std::int64_t bytes, bool anyway) noexcept {
    const std::int64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (anyway || !bounded() || before + bytes <= limit_) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::int64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::int64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  std::int64_t limit_;
  std::atomic<std::int64_t> used_{0};
};

}  // namespace tenon::data
