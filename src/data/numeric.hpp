#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/error.hpp"
#include "tenon/spec.hpp"
#include "tenon/tensor.hpp"

namespace tenon::data {

/// Calls `use` with a value of the C++ type of `dtype`. Throws ShapeError (D001) for strings.
template <class Use>
decltype(auto) with_number_type(DType dtype, Use&& use) {
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
      break;
  }
  throw ShapeError(make_diagnostic("D001", "text where numbers are needed", {},
                                   "turn text into numbers with the stage encode"));
}

/// What arithmetic on elements of T is done in: float where it holds T exactly, double otherwise.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, double> || std::is_same_v<T, std::int32_t> ||
                                    std::is_same_v<T, std::int64_t>,
                                double, float>;

template <class T>
Wide<T> widen(T value) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return static_cast<float>(value);
  } else {
    return static_cast<Wide<T>>(value);
  }
}

/// `value` as a T: integers to the nearest (halves up), held within their range; NaN becomes 0.
template <class T, class W>
T narrow(W value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value >= W{0.5};
  } else if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return T{0};
    const W rounded = std::floor(value + W{0.5});
    constexpr W low = static_cast<W>(std::numeric_limits<T>::min());
    constexpr T half = std::numeric_limits<T>::max() / 2 + 1;
    constexpr W high = static_cast<W>(half) * 2;
    if (rounded <= low) return std::numeric_limits<T>::min();
    if (rounded >= high) return std::numeric_limits<T>::max();
    return static_cast<T>(rounded);
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return BFloat16(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

/// Every element becomes `value`; texts become empty.
void fill_tensor(Tensor& tensor, double value);
/// The only element as a double. Throws DataError (D002) where it is no single, finite number.
double scalar_number(const Tensor& tensor, const std::string& key);
/// Element `index` as text: integers in digits, floats in the fewest digits that give them back.
std::string element_text(const Tensor& tensor, std::int64_t index);
/// All elements of a tensor of rank 1.
std::vector<std::string> element_texts(const Tensor& tensor);
/// The range that a spec states, or that its dtype sets (8- and 16-bit integers, bool).
std::optional<ValueRange> implied_range(const TensorSpec& spec);

}  // namespace tenon::data
