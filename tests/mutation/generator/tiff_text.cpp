#include "tiff_text.hpp"

#include <cstdint>
#include <vector>

#include "little_endian.hpp"

namespace tenon::mutation {
namespace {

struct Entry {
  std::uint16_t tag;
  std::uint16_t type;  ///< 3: 16 bits, 4: 32 bits.
  std::uint32_t count;
  std::uint32_t value;
};

}  // namespace

std::string tiff_text(const Tensor& image) {
  const auto height = static_cast<std::uint32_t>(image.dim(0));
  const auto width = static_cast<std::uint32_t>(image.dim(1));
  const auto channels = static_cast<std::uint32_t>(image.dim(2));
  const auto sample = static_cast<std::uint32_t>(size_of(image.dtype()));
  const auto bytes = static_cast<std::uint32_t>(image.byte_size());
  constexpr std::uint32_t kHeader = 8;
  const std::uint32_t bits_at = kHeader + bytes + bytes % 2;
  const std::uint32_t directory = bits_at + 8;
  std::string out = "II";
  append_little_endian(out, 42, 2);
  append_little_endian(out, directory, 4);
  out.append(reinterpret_cast<const char*>(image.bytes()), image.byte_size());
  if (bytes % 2 == 1) out += '\0';
  for (int i = 0; i < 4; ++i) append_little_endian(out, 8 * sample, 2);
  const std::vector<Entry> entries = {
      {256, 4, 1, width},
      {257, 4, 1, height},
      {258, 3, channels, channels == 1 ? 8 * sample : bits_at},
      {259, 3, 1, 1},                        // not compressed
      {262, 3, 1, channels == 1 ? 1U : 2U},  // black is zero, or RGB
      {273, 4, 1, kHeader},
      {277, 3, 1, channels},
      {278, 4, 1, height},
      {279, 4, 1, bytes},
  };
  append_little_endian(out, entries.size(), 2);
  for (const Entry& entry : entries) {
    append_little_endian(out, entry.tag, 2);
    append_little_endian(out, entry.type, 2);
    append_little_endian(out, entry.count, 4);
    append_little_endian(out, entry.value, 4);
  }
  append_little_endian(out, 0, 4);
  return out;
}

}  // namespace tenon::mutation
