#pragma once

#include <cstdint>
#include <string_view>

namespace tenon {

/// FNV-1a, 64 bits: the same on every machine. Source: Fowler, Noll, Vo.
constexpr std::uint64_t hash_text(std::string_view text) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace tenon
