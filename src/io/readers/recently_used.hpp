#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

namespace tenon::readers {

/// Keeps what was made for the numbers that were asked for last: open files, arrays. Thread-safe;
/// two threads that ask for one number at once wait for one making of it.
template <class Value>
class RecentlyUsed {
 public:
  using Pointer = std::shared_ptr<const Value>;
  /// At most `most` values, and `most_bytes` where there are more than one.
  RecentlyUsed(std::size_t most, std::uint64_t most_bytes) : most_(most), most_bytes_(most_bytes) {}

  void keep(std::size_t most) {
    const std::lock_guard lock(mutex_);
    most_ = most;
    while (slots_.size() > most_) slots_.pop_back();
  }

  /// What is kept for `number`, or what `make()` gives, of which `bytes_of` says what it takes. A
  /// value that is not kept any more lives as long as who asked for it holds it.
  template <class Make, class BytesOf>
  Pointer get(std::size_t number, Make make, BytesOf bytes_of) {
    std::shared_ptr<Slot> slot = find_or_add(number);
    bool is_new = false;
    std::call_once(slot->made, [&] {
      slot->value = make();
      slot->bytes = bytes_of(*slot->value);
      is_new = true;
    });
    if (is_new) trim();
    return slot->value;
  }

 private:
  struct Slot {
    std::size_t number = 0;
    std::once_flag made;
    Pointer value;
    std::atomic<std::uint64_t> bytes{0};
  };

  std::shared_ptr<Slot> find_or_add(std::size_t number) {
    const std::lock_guard lock(mutex_);
    for (auto slot = slots_.begin(); slot != slots_.end(); ++slot) {
      if ((*slot)->number != number) continue;
      slots_.splice(slots_.begin(), slots_, slot);
      return slots_.front();
    }
    // Room is made first, so that there are never more than `most_`.
    while (!slots_.empty() && slots_.size() >= most_) slots_.pop_back();
    slots_.push_front(std::make_shared<Slot>());
    slots_.front()->number = number;
    return slots_.front();
  }

  void trim() {
    const std::lock_guard lock(mutex_);
    std::uint64_t bytes = 0;
    std::size_t kept = 0;
    for (auto slot = slots_.begin(); slot != slots_.end(); ++kept) {
      bytes += (*slot)->bytes.load();
      const bool fits = kept == 0 || bytes <= most_bytes_;
      slot = fits ? std::next(slot) : slots_.erase(slot);
    }
  }

  std::size_t most_;
  std::uint64_t most_bytes_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Slot>> slots_;  ///< The one used last is first.
};

}  // namespace tenon::readers
