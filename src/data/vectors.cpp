#include "data/vectors.hpp"

namespace tenon::data {

VectorSet widest_vectors() noexcept {
#if defined(__x86_64__) && !defined(__clang__)
  if (__builtin_cpu_supports("avx512f") != 0) return VectorSet::kAvx512;
  if (__builtin_cpu_supports("avx2") != 0) return VectorSet::kAvx2;
#endif
  return VectorSet::kBaseline;
}

}  // namespace tenon::data
