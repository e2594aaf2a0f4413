#pragma once

#include <string_view>

// Compiles a plain function (no OpenMP region, no lambda inside) for AVX-512, AVX2 and the
// baseline; the loader picks one. The project is compiled for the baseline, so hot loops need it.
#if defined(__clang__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define TENON_CLONES
#else
#define TENON_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

namespace tenon::backend::onednn {

/// What our own kernels may use: what the processor has, capped by oneDNN's DNNL_MAX_CPU_ISA.
enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

InstructionSet instruction_set() noexcept;
/// "AVX-512", "AVX2", "baseline x86-64".
std::string_view name_of(InstructionSet set) noexcept;
/// Floats per vector register: 16, 8 or 4.
int vector_length(InstructionSet set) noexcept;

}  // namespace tenon::backend::onednn
