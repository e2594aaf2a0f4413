#pragma once

#include <cstdint>
#include <cstring>

// Vectors of a known length, for functions that name the instruction set they are compiled for.
#pragma GCC diagnostic ignored "-Wpsabi"

#define TENON_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__)
#define TENON_AVX512 __attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#define TENON_AVX2 __attribute__((target("arch=x86-64-v3")))
#else
#define TENON_AVX512
#define TENON_AVX2
#endif

namespace tenon::backend::onednn {

/// Vectors of `kFloats` elements, of memory that is not aligned for them.
template <int kFloats>
struct VectorOf;
template <>
struct VectorOf<16> {
  using Type [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;
  using Integers [[gnu::vector_size(64)]] = std::int32_t;
  using Words [[gnu::vector_size(64)]] = std::uint32_t;
  using Halves [[gnu::vector_size(32), gnu::aligned(2), gnu::may_alias]] = std::uint16_t;
  using Bytes [[gnu::vector_size(16), gnu::aligned(1), gnu::may_alias]] = std::uint8_t;
};
template <>
struct VectorOf<8> {
  using Type [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;
  using Integers [[gnu::vector_size(32)]] = std::int32_t;
  using Words [[gnu::vector_size(32)]] = std::uint32_t;
  using Halves [[gnu::vector_size(16), gnu::aligned(2), gnu::may_alias]] = std::uint16_t;
  using Bytes [[gnu::vector_size(8), gnu::aligned(1), gnu::may_alias]] = std::uint8_t;
};

}  // namespace tenon::backend::onednn
