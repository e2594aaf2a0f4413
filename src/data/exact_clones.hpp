#pragma once

// Compiles a plain function for AVX2 and the baseline; the loader picks one. Without FMA: a product
// that is not rounded before it is added would give other bits than the baseline does.
#if defined(__clang__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define TENON_EXACT_CLONES
#else
#define TENON_EXACT_CLONES __attribute__((target_clones("avx2", "default")))
#endif
