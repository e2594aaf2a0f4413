#include "tenon/dtype.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace tenon {
namespace {

enum class Kind : std::uint8_t { kFloating, kSigned, kUnsigned, kBool, kString };

/// Everything that is known of a dtype, stated once. `exact_bits` is how many bits of an integer's
/// magnitude the type holds without loss.
struct DTypeFacts {
  std::string_view name;
  std::string_view short_name;
  std::size_t size;
  Kind kind;
  int exact_bits;
};

constexpr std::array<DTypeFacts, kDTypeCount> kFacts = {{
    {"float32", "f32", 4, Kind::kFloating, 24},
    {"float64", "f64", 8, Kind::kFloating, 53},
    {"bfloat16", "bf16", 2, Kind::kFloating, 8},
    {"int8", "i8", 1, Kind::kSigned, 7},
    {"int16", "i16", 2, Kind::kSigned, 15},
    {"int32", "i32", 4, Kind::kSigned, 31},
    {"int64", "i64", 8, Kind::kSigned, 63},
    {"uint8", "u8", 1, Kind::kUnsigned, 8},
    {"uint16", "u16", 2, Kind::kUnsigned, 16},
    {"bool", "bool", 1, Kind::kBool, 1},
    {"string", "str", sizeof(std::string), Kind::kString, 0},
}};

const DTypeFacts& facts_of(DType dtype) noexcept {
  return kFacts[static_cast<std::size_t>(dtype) % kFacts.size()];
}

}  // namespace

BFloat16::BFloat16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) {
    bits = static_cast<std::uint16_t>((word >> 16U) | 0x0040U);
    return;
  }
  const std::uint32_t half_way = 0x7FFFU + ((word >> 16U) & 1U);
  bits = static_cast<std::uint16_t>((word + half_way) >> 16U);
}

BFloat16::operator float() const {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::size_t size_of(DType dtype) noexcept { return facts_of(dtype).size; }
std::string_view name_of(DType dtype) noexcept { return facts_of(dtype).name; }
std::string_view short_name_of(DType dtype) noexcept { return facts_of(dtype).short_name; }

std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (kFacts[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

bool is_floating(DType dtype) noexcept { return facts_of(dtype).kind == Kind::kFloating; }

bool is_integer(DType dtype) noexcept {
  const Kind kind = facts_of(dtype).kind;
  return kind == Kind::kSigned || kind == Kind::kUnsigned;
}

bool converts_without_loss(DType from, DType to) noexcept {
  if (from == to) return true;
  const DTypeFacts& source = facts_of(from);
  const DTypeFacts& target = facts_of(to);
  if (source.kind == Kind::kString || target.kind == Kind::kString) return false;
  if (target.kind == Kind::kBool) return false;
  if (source.kind == Kind::kFloating) {
    return target.kind == Kind::kFloating && source.size < target.size;
  }
  if (source.kind == Kind::kSigned && target.kind == Kind::kUnsigned) return false;
  return source.exact_bits <= target.exact_bits;
}

}  // namespace tenon
