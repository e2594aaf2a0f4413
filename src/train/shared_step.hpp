#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/api/engine.hpp"
#include "dist/sum.hpp"
#include "train/step_program.hpp"

namespace tenon::train {

/// How ranks that see each other's memory divide the updates of a plan: each adds up and applies
/// its part of each piece of the gradients and writes these weights to all. Its slots have new
/// numbers in its parts alone.
struct DividedUpdates {
  std::uint64_t version = 0;                         ///< Of where variables lie.
  std::vector<backend::UpdateRun> runs;              ///< Empty: each rank applies all.
  std::vector<std::vector<std::span<float>>> parts;  ///< Of this rank's gradients, by rank.
  std::uint64_t layout = 0;
};

/// Where what ranks add up in the plan of a whole training step lies. Made by SharedStep; empty
/// where the plan does not say so.
struct SharedPlaces {
  /// The plan's own memory; the loss, moving averages, what lies apart; weights and slots whose
  /// updates are divided.
  dist::Sum::Areas areas;
  DividedUpdates divided;
  struct Piece {
    std::size_t last_range = 0;  ///< There with it.
    std::size_t area = 0;
    std::span<float> values;
    const float* source = nullptr;  ///< Of one that is copied into the second area.
  };
  std::vector<Piece> pieces;  ///< In the order in which they come.
  std::span<float> loss;      ///< In the second area.
  std::vector<std::span<float>> written;
};

/// The training step of all ranks where the engine says where a plan keeps its gradients: one plan,
/// as in one process. While its backward pass runs, gradients are added up where they lie, each
/// rank's times its share of the rows; so is the loss. Clips, the look for NaN and the updates see
/// the sums, so that all ranks decide alike. Averages that a step moves itself (of batch
/// normalization) are added up behind it. Ranks of one machine divide the updates where these take
/// the gradients as they are.
class SharedStep final : private backend::GradientListener {
 public:
  /// All ranks make theirs together. `communicator` outlives it. `divides`: updates, if possible.
  SharedStep(dist::Communicator& communicator, std::size_t bucket_bytes, bool divides);
  ~SharedStep() override;

  /// For CompileOptions of all plans that update variables; nullptr where updates are not divided.
  const backend::VariableMemory* variable_memory() const noexcept;

  /// `step` is a whole training step. What it gives must not outlive this.
  std::unique_ptr<backend::Plan> compile(const backend::Engine& engine, const StepProgram& step,
                                         const std::shared_ptr<backend::Variables>& variables,
                                         backend::CompileOptions options,
                                         SharedPlaces& places) const;

  /// Plan::gradient_layout() of such a plan, and how its updates are divided.
  std::uint64_t layout(backend::Plan& plan, SharedPlaces& places);

  /// Gives the slots their numbers of all ranks, which they do not have behind a step whose updates
  /// were divided. To be called before they are read, written or updated otherwise, and while no
  /// rank is behind the reduction of a later step.
  void complete_slots();
  /// … and before any plan is compiled, which may move variables.
  void before_compile();
  /// Whether the last step's updates were divided.
  bool divided() const noexcept { return divided_; }

  struct Run {
    backend::Plan& plan;
    SharedPlaces& places;
    const StepProgram& step;
    backend::Variables& variables;
    std::span<const std::int64_t> rows;  ///< By rank.
    /// Called before the updates where this rank has no rows: what the others' steps wait for.
    std::function<void()> attend{};
  };
  /// What Plan::run() does and returns, of all ranks together; the plans of the ranks have the same
  /// gradient_layout(). A rank without rows takes any such plan.
  std::optional<std::size_t> run(const Run& run, const backend::StepNumbers& numbers);

 private:
  void ready(std::size_t index) override;
  bool finish() override;
  std::optional<std::span<const std::span<float>>> applied_here() override;
  void updated(std::span<const float> weights) override;
  void finish_updates() override;
  void divide(backend::Plan& plan, SharedPlaces& places);
  void fetch_slots(const dist::Sum::Areas& areas, int rank, std::span<float> part,
                   const backend::UpdateRun& run);
  void share_written(const Run& run);

  class RowMemory;

  dist::Communicator& communicator_;
  std::size_t bucket_bytes_;
  std::unique_ptr<dist::Sum> sum_;
  std::unique_ptr<RowMemory> row_memory_;  ///< Where updates are divided.
  std::uint64_t version_ = 1;
  const SharedPlaces* incomplete_ = nullptr;  ///< Whose last step left slots in parts.
  std::vector<float> weights_;
  // Of the run:
  const SharedPlaces* places_ = nullptr;
  bool divided_ = false;
  std::size_t next_ = 0;  ///< Piece.
  Tensor loss_;           ///< The plan's.
  float own_loss_ = 0.0F;
  bool has_rows_ = false;
};

}  // namespace tenon::train
