#include "backend/api/arena.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

namespace tenon::backend {
namespace {

bool overlap(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

std::size_t align_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

struct Placed {
  std::size_t begin = 0;
  std::size_t end = 0;  ///< Aligned.
  Lifetime lifetime;
};

/// The start of the smallest gap of `bytes` or more between those of `placed` (sorted by begin)
/// that live at the same time; behind them all if there is none.
std::size_t find_offset(const std::vector<Placed>& placed, const Lifetime& lifetime,
                        std::size_t bytes) {
  std::size_t best = 0;
  std::size_t best_gap = std::numeric_limits<std::size_t>::max();
  std::size_t free_from = 0;
  for (const Placed& other : placed) {
    if (!overlap(other.lifetime, lifetime)) continue;
    if (other.begin >= free_from + bytes && other.begin - free_from < best_gap) {
      best_gap = other.begin - free_from;
      best = free_from;
    }
    free_from = std::max(free_from, other.end);
  }
  return best_gap == std::numeric_limits<std::size_t>::max() ? free_from : best;
}

// What is placed first has the highest rank.
using Rank = double (*)(const ArenaBuffer&);

double steps_of(const ArenaBuffer& buffer) {
  return static_cast<double>(buffer.lifetime.last - buffer.lifetime.first + 1);
}
double by_bytes(const ArenaBuffer& buffer) { return static_cast<double>(buffer.bytes); }
double by_bytes_and_steps(const ArenaBuffer& buffer) {
  return static_cast<double>(buffer.bytes) * steps_of(buffer);
}
double by_steps(const ArenaBuffer& buffer) { return steps_of(buffer); }
double by_first_step(const ArenaBuffer& buffer) {
  return -static_cast<double>(buffer.lifetime.first);
}

using Order = std::vector<std::size_t>;

Order order_by(std::span<const ArenaBuffer> buffers, Rank rank) {
  Order order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return rank(buffers[i]); });
  // (clang 14 does not take what std::ranges::stable_partition gives back.)
  std::stable_partition(order.begin(), order.end(),
                        [&](std::size_t i) { return buffers[i].offset.has_value(); });
  return order;
}

// Each into the smallest gap that it fits.
ArenaPlan plan_in_order(std::span<const ArenaBuffer> buffers, std::size_t alignment,
                        const Order& order) {
  ArenaPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<Placed> placed;
  for (const std::size_t index : order) {
    const ArenaBuffer& buffer = buffers[index];
    if (buffer.bytes == 0 || !buffer.lifetime.used()) continue;
    const std::size_t bytes = align_up(buffer.bytes, alignment);
    const std::size_t offset =
        buffer.offset ? *buffer.offset : find_offset(placed, buffer.lifetime, bytes);
    const Placed entry{offset, offset + bytes, buffer.lifetime};
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), entry,
                         [](const Placed& a, const Placed& b) { return a.begin < b.begin; }),
        entry);
    plan.offsets[index] = offset;
    plan.total = std::max(plan.total, entry.end);
  }
  return plan;
}

/// The buffer that ends where the arena does, of those that may lie elsewhere.
std::optional<std::size_t> topmost(std::span<const ArenaBuffer> buffers, std::size_t alignment,
                                   const ArenaPlan& plan) {
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const bool placed = buffers[i].bytes != 0 && buffers[i].lifetime.used() && !buffers[i].offset;
    if (placed && plan.offsets[i] + align_up(buffers[i].bytes, alignment) == plan.total) return i;
  }
  return std::nullopt;
}

// What ends up at the top is placed before all others (but those whose place is given), as long as
// much is wasted.
void improve(std::span<const ArenaBuffer> buffers, std::size_t alignment, std::size_t least,
             ArenaPlan& best, Order order) {
  constexpr std::size_t kMostTries = 64;
  constexpr std::size_t kMostWork = 20'000'000;
  const std::size_t tries =
      std::min(kMostTries, kMostWork / std::max<std::size_t>(1, buffers.size() * buffers.size()));
  const auto fixed = std::ranges::count_if(
      buffers, [](const ArenaBuffer& buffer) { return buffer.offset.has_value(); });
  ArenaPlan plan = best;
  for (std::size_t i = 0; i < tries && best.total > least + least / 50; ++i) {
    const std::optional<std::size_t> top = topmost(buffers, alignment, plan);
    if (!top) return;
    const auto at = std::ranges::find(order, *top);
    std::rotate(order.begin() + fixed, at, at + 1);
    plan = plan_in_order(buffers, alignment, order);
    if (plan.total < best.total) best = plan;
  }
}

}  // namespace

Lifetime join(const Lifetime& a, const Lifetime& b) noexcept {
  if (!a.used()) return b;
  if (!b.used()) return a;
  return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

std::vector<Lifetime> liveness(const ops::Program& program) {
  std::vector<Lifetime> lifetimes(program.values.size());
  const auto touch = [&](ops::ValueId id, int position) {
    if (id == ops::kNoValue) return;
    Lifetime& lifetime = lifetimes[static_cast<std::size_t>(id)];
    const bool early = program.value(id).kind != ops::ValueKind::kIntermediate;
    lifetime = join(lifetime, {early ? 0 : position, position});
  };
  int position = 0;
  for (const ops::Node& node : program.nodes) {
    for (const ops::ValueId id : node.inputs) touch(id, position);
    for (const ops::ValueId id : node.outputs) touch(id, position);
    ++position;
  }
  for (const ops::NamedValue& output : program.outputs) touch(output.value, position);
  return lifetimes;
}

std::size_t most_alive(std::span<const ArenaBuffer> buffers, std::size_t alignment) {
  std::map<int, std::ptrdiff_t> changes;  // at the beginning of steps
  for (const ArenaBuffer& buffer : buffers) {
    if (!buffer.lifetime.used()) continue;
    const auto bytes = static_cast<std::ptrdiff_t>(align_up(buffer.bytes, alignment));
    changes[buffer.lifetime.first] += bytes;
    changes[buffer.lifetime.last + 1] -= bytes;
  }
  std::ptrdiff_t now = 0;
  std::ptrdiff_t most = 0;
  for (const auto& [step, change] : changes) most = std::max(most, now += change);
  return static_cast<std::size_t>(most);
}

ArenaPlan plan_arena(std::span<const ArenaBuffer> buffers, std::size_t alignment) {
  const std::size_t least = most_alive(buffers, alignment);
  ArenaPlan best;
  Order best_order;
  for (const Rank rank : {by_bytes, by_bytes_and_steps, by_steps, by_first_step}) {
    Order order = order_by(buffers, rank);
    ArenaPlan plan = plan_in_order(buffers, alignment, order);
    if (rank == by_bytes || plan.total < best.total) {
      best = std::move(plan);
      best_order = std::move(order);
    }
    if (best.total == least) return best;
  }
  improve(buffers, alignment, least, best, std::move(best_order));
  return best;
}

}  // namespace tenon::backend
