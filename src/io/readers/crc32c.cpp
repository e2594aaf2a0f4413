#include "io/readers/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace tenon::readers {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1U) ^ ((value & 1U) != 0 ? kReflectedPolynomial : 0U);
    table[byte] = value;
  }
  return table;
}

std::uint32_t extend_by_table(std::uint32_t crc, std::string_view bytes) noexcept {
  static constexpr std::array<std::uint32_t, 256> kTable = make_table();
  for (const char byte : bytes)
    crc = (crc >> 8U) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t extend_by_instruction(
    std::uint32_t crc, std::string_view bytes) noexcept {
  std::uint64_t wide = crc;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; at < bytes.size(); ++at)
    narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(bytes[at]));
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  constexpr std::uint32_t kOnes = 0xFFFFFFFFU;
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return extend_by_instruction(kOnes, bytes) ^ kOnes;
#endif
  return extend_by_table(kOnes, bytes) ^ kOnes;
}

std::uint32_t masked_crc32c(std::string_view bytes) noexcept {
  constexpr std::uint32_t kDelta = 0xA282EAD8U;
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15U) | (crc << 17U)) + kDelta;
}

}  // namespace tenon::readers
