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

/// Where what ranks add up in the plan of a whole training step lies. Made by SharedStep; empty
/// where the plan does not say so.
struct SharedPlaces {
  dist::Sum::Areas areas;  ///< The plan's own memory; the loss, moving averages, what lies apart.
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
/// normalization) are added up behind it.
class SharedStep final : private backend::GradientListener {
 public:
  /// All ranks make theirs together. `communicator` outlives it.
  SharedStep(dist::Communicator& communicator, std::size_t bucket_bytes);
  ~SharedStep() override;

  /// `step` is a whole training step. What it gives must not outlive this.
  std::unique_ptr<backend::Plan> compile(const backend::Engine& engine, const StepProgram& step,
                                         const std::shared_ptr<backend::Variables>& variables,
                                         backend::CompileOptions options,
                                         SharedPlaces& places) const;

  struct Run {
    backend::Plan& plan;
    const SharedPlaces& places;
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
  void share_written(const Run& run);

  dist::Communicator& communicator_;
  std::size_t bucket_bytes_;
  std::unique_ptr<dist::Sum> sum_;
  std::vector<float> weights_;
  // Of the run:
  const SharedPlaces* places_ = nullptr;
  std::size_t next_ = 0;  ///< Piece.
  Tensor loss_;           ///< The plan's.
  float own_loss_ = 0.0F;
  bool has_rows_ = false;
};

}  // namespace tenon::train
