#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenon {

/// Of what files hold, so that a change is noticed: 64 bits, eight bytes at a time, the same on
/// every little-endian machine. Against accidents, not against forgery.
class ContentHash {
 public:
  void add(std::uint64_t word) noexcept {
    value_ = (value_ ^ word) * kFactor;
    value_ ^= value_ >> 32U;
  }
  /// Texts of other lengths are other texts: "a", "b" is not "ab".
  void add(std::string_view text) noexcept {
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t))
      add(word_at(text.data() + at, sizeof(std::uint64_t)));
    add(word_at(text.data() + at, text.size() - at));
    add(static_cast<std::uint64_t>(text.size()));
  }
  std::uint64_t value() const noexcept { return value_; }

 private:
  static constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15ULL;  // 2^64 / golden ratio, odd.
  static std::uint64_t word_at(const char* bytes, std::size_t count) noexcept {
    std::uint64_t word = 0;
    if (count > 0) std::memcpy(&word, bytes, count);
    return word;
  }
  std::uint64_t value_ = 0x2545F4914F6CDD1DULL;
};

/// A list of things, told by the hash of each: in their order, and whatever their order.
class ListHash {
 public:
  void add(std::uint64_t hash) noexcept {
    ordered_.add(hash);
    unordered_ += hash * 0xD1342543DE82EF95ULL ^ hash >> 29U;
  }
  void add(std::string_view text) noexcept {
    ContentHash hash;
    hash.add(text);
    add(hash.value());
  }
  std::uint64_t ordered() const noexcept { return ordered_.value(); }
  std::uint64_t unordered() const noexcept { return unordered_; }

 private:
  ContentHash ordered_;
  std::uint64_t unordered_ = 0;
};

}  // namespace tenon
