#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

/// The type of a tensor's elements. `kBFloat16` is a storage type: the upper half of a float32.
enum class DType : std::uint8_t {
  kFloat32,
  kFloat64,
  kBFloat16,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kBool,
  kString,
};

inline constexpr int kDTypeCount = 11;

/// The bits of one bfloat16 number.
struct BFloat16 {
  std::uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);  ///< Rounds to nearest, ties to even; NaN stays NaN.
  explicit operator float() const;
  bool operator==(const BFloat16&) const = default;
};

/// Bytes of one element; for kString, the size of a std::string.
std::size_t size_of(DType dtype) noexcept;

/// Keras's and NumPy's word: "float32", "uint8", "bool", "string", …
std::string_view name_of(DType dtype) noexcept;

/// The short word of diagnostics: "f32", "u8", "bool", "str", …
std::string_view short_name_of(DType dtype) noexcept;

/// The dtype of that name (the long word); nothing if there is none.
std::optional<DType> dtype_from_name(std::string_view name) noexcept;

bool is_floating(DType dtype) noexcept;
bool is_integer(DType dtype) noexcept;  ///< Signed and unsigned integers; not bool.

/// True if every value of `from` is a value of `to` (uint8 to float32, int16 to int32, float32 to
/// float64, …; a dtype to itself). int32 to float32 is not: 2^24 + 1 would be lost.
bool converts_without_loss(DType from, DType to) noexcept;

/// The dtype of a C++ type: dtype_of<float>() is kFloat32.
template <class T>
constexpr DType dtype_of() noexcept;
template <>
constexpr DType dtype_of<float>() noexcept {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() noexcept {
  return DType::kFloat64;
}
template <>
constexpr DType dtype_of<BFloat16>() noexcept {
  return DType::kBFloat16;
}
template <>
constexpr DType dtype_of<std::int8_t>() noexcept {
  return DType::kInt8;
}
template <>
constexpr DType dtype_of<std::int16_t>() noexcept {
  return DType::kInt16;
}
template <>
constexpr DType dtype_of<std::int32_t>() noexcept {
  return DType::kInt32;
}
template <>
constexpr DType dtype_of<std::int64_t>() noexcept {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<std::uint8_t>() noexcept {
  return DType::kUInt8;
}
template <>
constexpr DType dtype_of<std::uint16_t>() noexcept {
  return DType::kUInt16;
}
template <>
constexpr DType dtype_of<bool>() noexcept {
  return DType::kBool;
}
template <>
constexpr DType dtype_of<std::string>() noexcept {
  return DType::kString;
}

}  // namespace tenon
