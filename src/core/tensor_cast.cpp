#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tenon/error.hpp"
#include "tenon/tensor.hpp"

namespace tenon {
namespace {

template <class T>
constexpr bool kIsFloating = std::is_floating_point_v<T> || std::is_same_v<T, BFloat16>;

template <class To, class Wide>
To saturate(Wide value) {
  // Both bounds are powers of two, so they are exact in `Wide`.
  constexpr Wide low = static_cast<Wide>(std::numeric_limits<To>::min());
  constexpr To half = std::numeric_limits<To>::max() / 2 + 1;
  constexpr Wide high = static_cast<Wide>(half) * 2;
  if (std::isnan(value)) return To{0};
  if (value <= low) return std::numeric_limits<To>::min();
  if (value >= high) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

template <class From, class To>
To convert(From value) {
  if constexpr (std::is_same_v<From, To>) {
    return value;
  } else if constexpr (std::is_same_v<From, BFloat16>) {
    return convert<float, To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (kIsFloating<From> && std::is_integral_v<To>) {
    return saturate<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

/// Calls `use` with a value of the C++ type of `dtype`; not for strings.
template <class Use>
void with_number_type(DType dtype, Use use) {
  switch (dtype) {
    case DType::kFloat32:
      return use(float{});
    case DType::kFloat64:
      return use(double{});
    case DType::kBFloat16:
      return use(BFloat16{});
    case DType::kInt8:
      return use(std::int8_t{});
    case DType::kInt16:
      return use(std::int16_t{});
    case DType::kInt32:
      return use(std::int32_t{});
    case DType::kInt64:
      return use(std::int64_t{});
    case DType::kUInt8:
      return use(std::uint8_t{});
    case DType::kUInt16:
      return use(std::uint16_t{});
    case DType::kBool:
      return use(bool{});
    case DType::kString:
      return;
  }
}

}  // namespace

Tensor Tensor::cast(DType dtype) const {
  require(dtype_);
  if (dtype == dtype_) return clone();
  if (dtype == DType::kString || dtype_ == DType::kString) {
    throw ShapeError(
        make_diagnostic("D001", fmt::format("cast from {} to {}", name_of(dtype_), name_of(dtype)),
                        {"expected: numbers on both sides; strings are not converted"}));
  }
  Tensor result = uninitialized(dtype, shape_);
  result.places_ = places_;
  with_number_type(dtype_, [&](auto from_value) {
    using From = decltype(from_value);
    const std::span<const From> source = data<From>();
    with_number_type(dtype, [&](auto to_value) {
      using To = decltype(to_value);
      std::transform(source.begin(), source.end(), result.data<To>().begin(), convert<From, To>);
    });
  });
  return result;
}

}  // namespace tenon
