#include "backend/onednn/kernels/convert.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/kernels/numbers.hpp"
#include "backend/onednn/parallel.hpp"

namespace tenon::backend::onednn {
namespace {

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<From, BFloat16>) {
    return converted<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    const auto wide = static_cast<double>(value);
    if (std::isnan(wide)) return To{0};
    // 2^63 is the first double above int64; what is below max() as a double fits.
    if (wide >= static_cast<double>(std::numeric_limits<To>::max())) {
      return std::numeric_limits<To>::max();
    }
    if (wide <= static_cast<double>(std::numeric_limits<To>::min())) {
      return std::numeric_limits<To>::min();
    }
    return static_cast<To>(wide);
  } else {
    return static_cast<To>(value);
  }
}

// Images come as bytes; the rest is rare.
TENON_CLONES void bytes_to_floats(const std::uint8_t* from, float* to, std::int64_t count) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

// The casts of mixed bfloat16.
bool convert_bfloat16(DType from_dtype, const std::byte* from, DType to_dtype, std::byte* to,
                      std::int64_t count) {
  if (from_dtype == DType::kFloat32 && to_dtype == DType::kBFloat16) {
    narrow(reinterpret_cast<const float*>(from), reinterpret_cast<std::uint16_t*>(to), count);
    return true;
  }
  if (from_dtype == DType::kBFloat16 && to_dtype == DType::kFloat32) {
    widen(reinterpret_cast<const std::uint16_t*>(from), reinterpret_cast<float*>(to), count);
    return true;
  }
  return false;
}

template <class Body>
void with_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kFloat32:
      return body(float{});
    case DType::kFloat64:
      return body(double{});
    case DType::kBFloat16:
      return body(BFloat16{});
    case DType::kInt8:
      return body(std::int8_t{});
    case DType::kInt16:
      return body(std::int16_t{});
    case DType::kInt32:
      return body(std::int32_t{});
    case DType::kInt64:
      return body(std::int64_t{});
    case DType::kUInt8:
      return body(std::uint8_t{});
    case DType::kUInt16:
      return body(std::uint16_t{});
    case DType::kBool:
      return body(bool{});
    case DType::kString:
      return;
  }
}

}  // namespace

void convert(int threads, DType from_dtype, const std::byte* from, DType to_dtype, std::byte* to,
             std::int64_t count) {
  parallel_range(
      threads, count, kElementGrain,
      [&](std::int64_t begin, std::int64_t end) {
        if (from_dtype == DType::kUInt8 && to_dtype == DType::kFloat32) {
          bytes_to_floats(reinterpret_cast<const std::uint8_t*>(from) + begin,
                          reinterpret_cast<float*>(to) + begin, end - begin);
          return;
        }
        const auto from_size = static_cast<std::int64_t>(size_of(from_dtype));
        const auto to_size = static_cast<std::int64_t>(size_of(to_dtype));
        if (convert_bfloat16(from_dtype, from + begin * from_size, to_dtype, to + begin * to_size,
                             end - begin)) {
          return;
        }
        with_type(from_dtype, [&](auto from_type) {
          with_type(to_dtype, [&](auto to_type) {
            const auto* x = reinterpret_cast<const decltype(from_type)*>(from);
            auto* y = reinterpret_cast<decltype(to_type)*>(to);
            for (std::int64_t i = begin; i < end; ++i) y[i] = converted<decltype(to_type)>(x[i]);
          });
        });
      },
      16);
}

void zero_bytes(int threads, std::byte* to, std::size_t count) {
  parallel_range(
      threads, static_cast<std::int64_t>(count), kElementGrain * 4,
      [&](std::int64_t begin, std::int64_t end) {
        std::memset(to + begin, 0, static_cast<std::size_t>(end - begin));
      },
      64);
}

}  // namespace tenon::backend::onednn
