#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tenon/record.hpp"

namespace tenon::data {

/// 128 bits that name bytes: two streams of 64, each with keys of its own. Against chance, not
/// against somebody who looks for two texts of one name.
class ContentHash {
 public:
  void add(std::span<const std::byte> bytes) noexcept;
  void add(std::string_view text) noexcept;
  void add(std::uint64_t number) noexcept;
  /// Dtypes, shapes and elements.
  void add(const Record& record);
  /// 32 characters of 0-9 and a-f.
  std::string hex() const;

 private:
  std::uint64_t high_ = 0x9e3779b97f4a7c15ULL;
  std::uint64_t low_ = 0xd1b54a32d192ed03ULL;
};

}  // namespace tenon::data
