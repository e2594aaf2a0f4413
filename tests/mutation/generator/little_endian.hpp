#pragma once

#include <cstdint>
#include <string>

namespace tenon::mutation {

inline void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

}  // namespace tenon::mutation
