#include "backend/onednn/cpu.hpp"

#include <algorithm>
#include <dnnl.hpp>

namespace tenon::backend::onednn {
namespace {

InstructionSet processor_set() noexcept {
#if defined(__x86_64__) && !defined(__clang__)
  if (__builtin_cpu_supports("x86-64-v4")) return InstructionSet::kAvx512;
  if (__builtin_cpu_supports("x86-64-v3")) return InstructionSet::kAvx2;
#endif
  return InstructionSet::kBaseline;
}

// The bits of an instruction set are those of all that it is made of.
bool library_has(dnnl::cpu_isa wanted) noexcept {
  const auto bits = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (bits & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
}

InstructionSet library_set() noexcept {
  if (library_has(dnnl::cpu_isa::avx512_core)) return InstructionSet::kAvx512;
  if (library_has(dnnl::cpu_isa::avx2)) return InstructionSet::kAvx2;
  return InstructionSet::kBaseline;
}

}  // namespace

InstructionSet instruction_set() noexcept {
  static const InstructionSet set = std::min(processor_set(), library_set());
  return set;
}

bool has_bfloat16() noexcept {
  static const bool has = library_has(dnnl::cpu_isa::avx512_core_bf16);
  return has;
}

bool multiplies_bfloat16_faster() noexcept {
  if (!has_bfloat16()) return false;
#if defined(__x86_64__)
  return library_has(dnnl::cpu_isa::avx512_core_amx) || __builtin_cpu_is("amd") != 0;
#else
  return true;
#endif
}

std::string_view name_of(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::kAvx512:
      return "AVX-512";
    case InstructionSet::kAvx2:
      return "AVX2";
    default:
      return "baseline x86-64";
  }
}

int vector_length(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::kAvx512:
      return 16;
    case InstructionSet::kAvx2:
      return 8;
    default:
      return 4;
  }
}

}  // namespace tenon::backend::onednn
