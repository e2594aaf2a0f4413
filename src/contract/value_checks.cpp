#include "contract/value_checks.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "core/clones.hpp"

namespace tenon::contract {
namespace {

/// Exponents of all ones say NaN or infinity. Free of branches, so that it runs at the speed of
/// memory.
TENON_CLONES bool all_finite(const float* values, std::size_t count) {
  constexpr std::uint32_t kExponent = 0x7f800000U;
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bad |= (std::bit_cast<std::uint32_t>(values[i]) & kExponent) == kExponent ? 1U : 0U;
  }
  return bad == 0;
}

TENON_CLONES bool all_finite(const double* values, std::size_t count) {
  constexpr std::uint64_t kExponent = 0x7ff0000000000000U;
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bad |= (std::bit_cast<std::uint64_t>(values[i]) & kExponent) == kExponent ? 1U : 0U;
  }
  return bad == 0;
}

/// The whole numbers of T in [low, high], as bounds: comparing integers is what vectors do best.
template <class T>
std::pair<T, T> whole_bounds(double low, double high) {
  constexpr auto kLeast = std::numeric_limits<T>::min();
  constexpr auto kMost = std::numeric_limits<T>::max();
  const double first = std::ceil(low);
  const double last = std::floor(high);
  // Doubles next to the ends of int64 cannot be converted, so they are compared before.
  const T from = first <= static_cast<double>(kLeast) ? kLeast : static_cast<T>(first);
  const T to = last >= static_cast<double>(kMost) ? kMost : static_cast<T>(last);
  return {from, to};
}

template <class T>
bool in_range(std::span<const T> values, double low, double high) {
  if constexpr (std::is_integral_v<T>) {
    if (low > static_cast<double>(std::numeric_limits<T>::max()) ||
        high < static_cast<double>(std::numeric_limits<T>::min())) {
      return values.empty();
    }
    const auto [from, to] = whole_bounds<T>(low, high);
    T bad = 0;
    for (const T value : values) bad = static_cast<T>(bad | (value < from) | (value > to));
    return bad == 0;
  } else {
    std::uint32_t bad = 0;
    for (const T value : values) {
      const auto number = static_cast<double>(value);
      bad |= static_cast<std::uint32_t>(!(number >= low)) |
             static_cast<std::uint32_t>(!(number <= high));
    }
    return bad == 0;
  }
}

template <class T>
bool is_bad(T value, bool finite, const std::optional<ValueRange>& range) {
  const auto number = static_cast<double>(value);
  if (finite && !std::isfinite(number)) return true;
  return range && !(number >= range->low && number <= range->high);
}

template <class T>
std::string text_of(T value) {
  const auto number = static_cast<double>(value);
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return "infinity";
  return fmt::format("the value {:g}", number);
}

template <class T>
std::optional<BadValue> describe(const Tensor& value, bool finite,
                                 const std::optional<ValueRange>& range) {
  const auto values = value.data<T>();
  std::optional<BadValue> bad;
  const std::int64_t row_size =
      value.rank() == 0 || value.dim(0) == 0 ? 1 : value.size() / value.dim(0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!is_bad(values[i], finite, range)) continue;
    if (!bad) bad = BadValue{static_cast<std::int64_t>(i) / row_size, 0, text_of(values[i])};
    ++bad->count;
  }
  return bad;
}

template <class T>
std::optional<BadValue> check_as(const Tensor& value, bool finite,
                                 const std::optional<ValueRange>& range) {
  const auto values = value.data<T>();
  bool good = !range || in_range<T>(values, range->low, range->high);
  if constexpr (std::is_floating_point_v<T>)
    good = good && (!finite || all_finite(values.data(), values.size()));
  return good ? std::nullopt : describe<T>(value, finite, range);
}

}  // namespace

std::optional<BadValue> find_bad_value(const Tensor& value, bool finite,
                                       const std::optional<ValueRange>& range) {
  switch (value.dtype()) {
    case DType::kFloat32:
      return check_as<float>(value, finite, range);
    case DType::kFloat64:
      return check_as<double>(value, finite, range);
    case DType::kInt8:
      return check_as<std::int8_t>(value, finite, range);
    case DType::kInt16:
      return check_as<std::int16_t>(value, finite, range);
    case DType::kInt32:
      return check_as<std::int32_t>(value, finite, range);
    case DType::kInt64:
      return check_as<std::int64_t>(value, finite, range);
    case DType::kUInt8:
      return check_as<std::uint8_t>(value, finite, range);
    case DType::kUInt16:
      return check_as<std::uint16_t>(value, finite, range);
    case DType::kBFloat16:
      return check_as<float>(value.cast(DType::kFloat32), finite, range);
    case DType::kBool:
    case DType::kString:
      break;
  }
  return std::nullopt;
}

}  // namespace tenon::contract
