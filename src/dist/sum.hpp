#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "dist/communicator.hpp"
#include "tenon/tensor.hpp"

namespace tenon::dist {

/// Adds up numbers over the ranks where they lie, in rounds. In a round all ranks give pieces of
/// the same sizes in the same order. Sums are the same bits on all ranks, as Communicator says. All
/// throw what Communicator throws.
///
/// A divided round leaves each rank the sums of its parts alone, and what the ranks make of them
/// they spread: for updates of which each rank does some.
class Sum {
 public:
  /// Pieces lie in two: what a plan keeps its gradients in, and what is for all else. Of the others
  /// is what they spread and fetch.
  static constexpr std::size_t kAreas = 8;
  static constexpr std::size_t kGradients = 0;
  static constexpr std::size_t kRest = 1;
  static constexpr std::size_t kFirstSpread = 2;
  using Areas = std::array<Tensor, kAreas>;

  virtual ~Sum() = default;
  /// Memory for an area: `total` bytes of 0, whose first `given` may be given. Undefined where any
  /// memory does.
  virtual Tensor memory(std::size_t total, std::size_t given) = 0;
  /// Pieces need not be larger.
  virtual std::size_t useful_bytes() const noexcept = 0;
  /// `weights`: what the numbers of each rank are multiplied by before they are added, by rank,
  /// alike on all ranks; the numbers of one of 0 are 0. `areas`: from memory(), and held by the
  /// caller until finish().
  virtual void begin(std::vector<float> weights, const Areas& areas) = 0;
  /// `values` are in area `area`, at the same place on all ranks, and left alone until finish().
  virtual void give(std::size_t area, std::span<float> values) = 0;
  /// Moves on what is on its way; never waits.
  virtual void progress() = 0;
  /// Waits until all is summed. True: the sums are known to be finite.
  virtual bool finish() = 0;

  /// Whether there are divided rounds. The functions below are of nothing else.
  virtual bool divides() const noexcept { return false; }
  /// The memory() that lies at `data`, whole; undefined where it is not of this.
  virtual Tensor memory_of(const void* /*data*/) const { return {}; }
  /// As begin(). Of what is given in the area of gradients a rank has, behind finish(), the sum of
  /// part_of() it; the rest is left as it was. Where sums are not finite, all are there on all.
  virtual void begin_divided(std::vector<float> weights, const Areas& areas) {
    begin(std::move(weights), areas);
  }
  /// Numbers of a piece that `rank` adds up: whole cache lines, but for the last ones.
  virtual std::span<float> part_of(std::span<float> piece, int /*rank*/) const { return piece; }
  /// Behind finish() of a divided round: copies numbers to where they lie on the other ranks, which
  /// leave them alone until meet().
  virtual void spread(std::size_t /*area*/, std::span<const float> /*values*/) {}
  /// Waits until all ranks have come here; what they spread is there then.
  virtual void meet() {}
  /// Takes the numbers of `rank` that lie where `values` do, in an area of the last round. That
  /// rank must leave them alone.
  virtual void fetch(std::size_t /*area*/, int /*rank*/, std::span<float> /*values*/) {}
};

/// The one that fits where the ranks are. All ranks call it together. `communicator` outlives it.
std::unique_ptr<Sum> make_sum(Communicator& communicator);

/// By messages, wherever the ranks are.
std::unique_ptr<Sum> message_sum(Communicator& communicator);
/// Of ranks that all see each other's memory: without messages. nullptr where they do not.
std::unique_ptr<Sum> machine_sum(Communicator& communicator);

}  // namespace tenon::dist
