#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tenon/tensor.hpp"

namespace tenon::backend {

/// The gradient of one weight as a plan's backward steps leave it, before it is clipped, guarded or
/// applied; where to add up the gradients of several processes.
///
/// A plan's ranges are in the order in which they become ready: that of the last layer first. With
/// the pass `contiguous_updates` most lie in that order, too, one behind the other: each begins
/// where the one before ends, rounded up to 64 bytes, and what is between is 0 and may be added up
/// with the rest. So neighbours in the list that are neighbours in memory are one longer range.
struct GradientRange {
  /// Variable of the weight, a position in Variables::specs(). Weights that share one gradient have
  /// one range, of the first.
  std::int32_t slot = -1;
  /// Behind this step (PlanReport::steps) no other one writes or reads it until GradientListener::
  /// finish().
  std::size_t step = 0;
  /// In the engine's layout, the same for every plan of one program and engine; what pads it is 0.
  float* data = nullptr;
  std::int64_t count = 0;
  /// Bytes from the start of the plan's arena, where it lies with others; below 0: it lies alone.
  std::int64_t offset = -1;
};

/// Numbers that one update takes element by element, of gradients that lie together: neighbours in
/// the gradients are neighbours in all. What pads them is 0.
struct UpdateRun {
  const float* gradients = nullptr;
  float* weights = nullptr;
  std::array<float*, 3> slots = {};  ///< Those that the optimizer has, in its order; then nullptr.
  std::int64_t count = 0;
};

/// Where variables are put that a plan updates, where others are to see them.
class VariableMemory {
 public:
  virtual ~VariableMemory() = default;
  /// `bytes` of memory, undefined where there is none.
  virtual Tensor make(std::size_t bytes) const = 0;
  /// Whether it made what lies there.
  virtual bool made(const void* data) const = 0;
};

/// Told by Plan::run() on its thread, in each run. It may keep the ranges and work on them on other
/// threads until finish() returns. Exceptions end the run, before a variable was written.
class GradientListener {
 public:
  virtual ~GradientListener() = default;
  /// The range at `index` of Plan::gradient_ranges() is there. In order, each once.
  virtual void ready(std::size_t index) = 0;
  /// All are there. When it returns, the ranges hold what is to be looked at, clipped and applied.
  /// True: everything that a guarded run looks at is known to be finite, and is not looked at
  /// again.
  virtual bool finish() = 0;

  /// Where several processes divide the updates, asked behind finish(): the parts of the gradients
  /// of Plan::update_runs() that this one applies, in whole cache lines, as they lie. What is in no
  /// run is applied by each. Nothing: all is.
  virtual std::optional<std::span<const std::span<float>>> applied_here() { return std::nullopt; }
  /// Of a divided update: these weights are as they are to be.
  virtual void updated(std::span<const float> /*weights*/) {}
  /// … and so are all that one step of the plan updates here. When it returns, the others are, too.
  virtual void finish_updates() {}
};

}  // namespace tenon::backend
