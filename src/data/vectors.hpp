#pragma once

#include <cstddef>
#include <cstdint>

// For loops that say themselves how many numbers are worked on at once. A file that uses them is
// compiled with -ffp-contract=off (see CMakeLists.txt): then all processors give the same bits.

#define TENON_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__) && !defined(__clang__)
#define TENON_AVX512 __attribute__((target("avx512f,prefer-vector-width=512")))
#define TENON_AVX2 __attribute__((target("avx2")))
#else
#define TENON_AVX512
#define TENON_AVX2
#endif
// The vectors below never leave a function that is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace tenon::data {

/// What a processor adds and multiplies at once, by what it has more of.
enum class VectorSet : std::uint8_t { kBaseline, kAvx2, kAvx512 };

/// The best that this processor has, of those that functions are compiled for.
VectorSet widest_vectors() noexcept;

/// Vectors of so many numbers.
template <std::size_t kLanes>
struct VectorsOf {
  typedef float Floats __attribute__((vector_size(4 * kLanes)));
  typedef double Doubles __attribute__((vector_size(8 * kLanes)));
  typedef std::int32_t Integers __attribute__((vector_size(4 * kLanes)));
};
template <std::size_t kLanes>
using Floats = typename VectorsOf<kLanes>::Floats;
template <std::size_t kLanes>
using Doubles = typename VectorsOf<kLanes>::Doubles;
template <std::size_t kLanes>
using Integers = typename VectorsOf<kLanes>::Integers;

}  // namespace tenon::data
