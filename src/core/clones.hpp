#pragma once

// Compiles a plain function (no OpenMP region, no lambda inside) for AVX-512, AVX2 and the
// baseline; the loader picks one. The project is compiled for the baseline, so hot loops need it.
#if defined(__clang__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
#define TENON_CLONES
#else
#define TENON_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
