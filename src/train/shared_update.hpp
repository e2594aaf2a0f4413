#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/api/engine.hpp"
#include "tenon/model.hpp"
#include "train/engine_state.hpp"
#include "train/gradient_exchange.hpp"
#include "train/step_program.hpp"

namespace tenon::train {

/// What ranks do together in a training step: they add up their gradients, the averages that a step
/// moves itself (of batch normalization) and the loss, each by its rank's share of the rows, while
/// the backward pass still runs; then each does the same update. Clipping and the look for NaN come
/// behind the sum, so that all decide alike.
class SharedUpdate {
 public:
  /// Must outlive it.
  struct Parts {
    const Model& model;
    const Optimizer& optimizer;
    EngineState& state;
    const backend::Engine& engine;
    const backend::CompileOptions& options;
  };
  /// `step`: any gradient program of this training.
  SharedUpdate(const Parts& parts, const StepProgram& step, dist::Communicator& communicator,
               std::size_t bucket_bytes);

  void begin();
  /// Runs the gradient program `step`, bound, and sends what it gives as it comes.
  void run(backend::Plan& plan, const StepProgram& step, const backend::StepNumbers& numbers,
           float share);
  void give_loss(double loss, float share);
  /// Waits for the others and updates, or `gathers` the gradients. With `numbers.guard` nothing is
  /// changed where the loss or a gradient is not finite: then the name of that weight, "" for the
  /// loss.
  std::optional<std::string> finish(const backend::StepNumbers& numbers, bool gathers);

 private:
  struct Due {
    std::size_t steps = 0;  ///< Of the plan, until it is there.
    std::size_t gradient = 0;
    std::size_t output = 0;
  };
  void give_gradients(backend::Plan& plan, float share, std::size_t steps_done);
  std::size_t loss_index() const { return reached_.size() + written_.size(); }

  backend::Variables& variables_;
  std::vector<std::size_t> reached_;   ///< Trainable variables that have a gradient.
  std::vector<std::int32_t> written_;  ///< Engine's slots.
  std::unique_ptr<GradientExchange> exchange_;
  struct Update {
    StepProgram step;
    std::unique_ptr<backend::Plan> plan;
  };
  Update compiled(const Parts& parts, const std::vector<bool>& has_gradient, bool gathers) const;
  Update update_;
  std::optional<Update> gathering_;  ///< Where the optimizer gathers gradients of several steps.
  std::vector<Due> due_;             ///< Of the plan that runs, in order.
  std::size_t next_due_ = 0;
  std::vector<Tensor> before_;  ///< What the step is about to write.
};

}  // namespace tenon::train
