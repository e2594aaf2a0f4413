#pragma once

#include <string_view>

#include "core/clones.hpp"

namespace tenon::backend::onednn {

/// What our own kernels may use: what the processor has, capped by oneDNN's DNNL_MAX_CPU_ISA.
enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

InstructionSet instruction_set() noexcept;
/// "AVX-512", "AVX2", "baseline x86-64".
std::string_view name_of(InstructionSet set) noexcept;
/// True if oneDNN multiplies bfloat16 numbers with instructions for it. Without them it would
/// emulate that, slower than float32.
bool has_bfloat16() noexcept;
/// True where bfloat16 products are faster than float32's: with AMX, and on AMD's processors.
/// Intel's AVX512_BF16 alone (Xeon of the fourth generation, AMX hidden by its virtual machine;
/// oneDNN 2.6.3, 2 threads) did 150 to 185 GFLOP/s in convolutions, float32 260 to 310; AMD's (Zen
/// 4) 400 and 220. By the kind of processor and not by the clock, so that a run is the same each
/// time.
bool multiplies_bfloat16_faster() noexcept;
/// Floats per vector register: 16, 8 or 4.
int vector_length(InstructionSet set) noexcept;

}  // namespace tenon::backend::onednn
