#include "data/cache/content_hash.hpp"

#include <fmt/format.h>

#include <cstring>

#include "tenon/random.hpp"

namespace tenon::data {

void ContentHash::add(std::uint64_t number) noexcept {
  high_ = mix(high_ ^ 0xa0761d6478bd642fULL, number);
  low_ = mix(number ^ 0xe7037ed1a0b428dbULL, low_);
}

void ContentHash::add(std::span<const std::byte> bytes) noexcept {
  add(static_cast<std::uint64_t>(bytes.size()));
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t count = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), count);
    add(word);
    bytes = bytes.subspan(count);
  }
}

void ContentHash::add(std::string_view text) noexcept {
  add(std::as_bytes(std::span(text.data(), text.size())));
}

void ContentHash::add(const Record& record) {
  for (const Tensor& value : record.values()) {
    add(static_cast<std::uint64_t>(value.dtype()));
    for (const std::int64_t dim : value.shape().dims()) add(static_cast<std::uint64_t>(dim));
    if (value.dtype() == DType::kString) {
      for (const std::string& text : value.data<std::string>()) add(std::string_view(text));
    } else {
      add(std::span(value.bytes(), value.byte_size()));
    }
  }
}

std::string ContentHash::hex() const { return fmt::format("{:016x}{:016x}", high_, low_); }

}  // namespace tenon::data
