#include "data/cache/packed_numbers.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/clones.hpp"

namespace tenon::data {
namespace {

/// Looked at before it goes on with the next ones.
constexpr std::size_t kBlock = 2048;

/// False if one of the values is no Kept; out[i] is then unspecified.
template <class Kept>
[[gnu::always_inline]] inline bool block_to(const float* values, std::size_t count, Kept* out) {
  constexpr auto kLow = static_cast<float>(std::numeric_limits<Kept>::min());
  constexpr auto kHigh = static_cast<float>(std::numeric_limits<Kept>::max());
  std::uint32_t other = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float value = values[i];
    const float above = value > kLow ? value : kLow;  // NaN becomes the lowest, too.
    const auto whole = static_cast<std::int32_t>(above < kHigh ? above : kHigh);
    out[i] = static_cast<Kept>(whole);
    other |= std::bit_cast<std::uint32_t>(static_cast<float>(whole)) ^
             std::bit_cast<std::uint32_t>(value);
  }
  return other == 0;
}

TENON_CLONES bool to_bytes(const float* values, std::size_t count, std::uint8_t* out) {
  return block_to(values, count, out);
}
TENON_CLONES bool to_shorts(const float* values, std::size_t count, std::int16_t* out) {
  return block_to(values, count, out);
}

/// Memory of other types is read and written by way of these.
template <class Kept, class Convert>
bool packed_as(std::span<const std::byte> values, std::vector<std::byte>& storage,
               Convert convert) {
  const std::size_t count = values.size() / sizeof(float);
  storage.resize(count * sizeof(Kept));
  std::vector<float> from(std::min(count, kBlock));
  std::vector<Kept> to(from.size());
  for (std::size_t at = 0; at < count; at += kBlock) {
    const std::size_t some = std::min(kBlock, count - at);
    std::memcpy(from.data(), values.data() + at * sizeof(float), some * sizeof(float));
    if (!convert(from.data(), some, to.data())) return false;
    std::memcpy(storage.data() + at * sizeof(Kept), to.data(), some * sizeof(Kept));
  }
  return true;
}

template <class Kept>
void unpack_as(std::span<const std::byte> kept, std::span<std::byte> values) {
  for (std::size_t i = 0; i < kept.size() / sizeof(Kept); ++i) {
    Kept one;
    std::memcpy(&one, kept.data() + i * sizeof(Kept), sizeof one);
    const auto value = static_cast<float>(one);
    std::memcpy(values.data() + i * sizeof(float), &value, sizeof value);
  }
}

}  // namespace

std::span<const std::byte> packed_floats(std::span<const std::byte> values,
                                         std::vector<std::byte>& storage) {
  if (packed_as<std::uint8_t>(values, storage, to_bytes)) return storage;
  if (packed_as<std::int16_t>(values, storage, to_shorts)) return storage;
  return values;
}

bool is_packed_size(std::size_t kept, std::size_t values) noexcept {
  return kept * 2 == values || kept * 4 == values;
}

void unpack_floats(std::span<const std::byte> kept, std::span<std::byte> values) {
  kept.size() * 4 == values.size() ? unpack_as<std::uint8_t>(kept, values)
                                   : unpack_as<std::int16_t>(kept, values);
}

}  // namespace tenon::data
