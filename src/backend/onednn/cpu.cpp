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

InstructionSet library_set() noexcept {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  const auto bits = static_cast<unsigned>(isa);
  const auto has = [bits](dnnl::cpu_isa wanted) {
    return (bits & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
  };
  if (has(dnnl::cpu_isa::avx512_core)) return InstructionSet::kAvx512;
  if (has(dnnl::cpu_isa::avx2)) return InstructionSet::kAvx2;
  return InstructionSet::kBaseline;
}

}  // namespace

InstructionSet instruction_set() noexcept {
  static const InstructionSet set = std::min(processor_set(), library_set());
  return set;
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
