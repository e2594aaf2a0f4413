#pragma once

#include <array>
#include <cstdint>

namespace tenon {

/// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011). A stream is named by a key; a draw is a pure function of (key, counter), so
/// the result never depends on threads or on the order of draws in other streams.
class Random {
 public:
  /// The stream of (seed, a, b, c): by convention epoch, sample, stage for data; step, layer for
  /// training. Equal names give equal streams.
  explicit Random(std::uint64_t seed, std::uint64_t a = 0, std::uint64_t b = 0,
                  std::uint64_t c = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  float next_float();                         ///< Even in [0, 1), 24 bits.
  double next_double();                       ///< Even in [0, 1), 53 bits.
  float next_normal();                        ///< Mean 0, variance 1 (Box–Muller).
  std::uint64_t next_below(std::uint64_t n);  ///< Even in [0, n) without bias; n > 0.

  /// The block of four numbers at `counter` under `key`: the primitive itself.
  static std::array<std::uint32_t, 4> block(std::array<std::uint32_t, 4> counter,
                                            std::array<std::uint32_t, 2> key);

 private:
  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 4> counter_{};
  std::array<std::uint32_t, 4> buffer_{};
  int used_ = 4;
};

/// Mixes words into one key; used wherever a stream needs a name made of several numbers.
std::uint64_t mix(std::uint64_t a, std::uint64_t b);

}  // namespace tenon
