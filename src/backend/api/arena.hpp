#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "ops/program.hpp"

namespace tenon::backend {

/// The steps [first, last] during which a value or buffer holds something that is still needed.
struct Lifetime {
  int first = 0;
  int last = -1;  ///< Less than first: never.
  bool used() const noexcept { return last >= first; }
  bool operator==(const Lifetime&) const = default;
};

/// The lifetime of each value of `program`, in positions of its nodes. An intermediate lives from
/// the node that computes it to the last one that reads it; one that nobody reads lives at its own
/// node. Outputs of the program live until position nodes.size(). Inputs, variables and constants
/// live from 0 to their last reader: they are there before the first node. Values that no node
/// touches are unused. Views (reshape) are not followed: an engine that shares the memory of
/// two values joins their lifetimes.
std::vector<Lifetime> liveness(const ops::Program& program);

/// The lifetime that covers both.
Lifetime join(const Lifetime& a, const Lifetime& b) noexcept;

struct ArenaBuffer {
  std::size_t bytes = 0;
  Lifetime lifetime;
  /// Where it must lie, a multiple of the alignment; such buffers overlap none of their kind.
  std::optional<std::size_t> offset{};
};
struct ArenaPlan {
  std::vector<std::size_t> offsets;  ///< One per buffer, multiples of the alignment.
  std::size_t total = 0;             ///< Bytes of the whole arena.
};

/// Places buffers so that no two that live at one step overlap. Each goes into the smallest gap
/// that it fits, the largest first or in another of a few orders, whichever gives the smallest
/// arena, and then the one at the top is tried at the bottom, for a while; n buffers take O(n²)
/// time. Those that must lie somewhere are there before any other. Unused and empty buffers get
/// offset 0 and no room. `alignment` is a power of two.
ArenaPlan plan_arena(std::span<const ArenaBuffer> buffers, std::size_t alignment = 64);

/// The most bytes that live at one step: no arena is smaller.
std::size_t most_alive(std::span<const ArenaBuffer> buffers, std::size_t alignment = 64);

}  // namespace tenon::backend
