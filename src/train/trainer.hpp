#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/api/engine.hpp"
#include "dist/communicator.hpp"
#include "tenon/model.hpp"
#include "train/engine_state.hpp"
#include "train/not_finite.hpp"
#include "train/outputs.hpp"
#include "train/step_meeting.hpp"
#include "train/step_program.hpp"

namespace tenon::train {

/// A batch as it was bound: tensors per model input and per model output; undefined where there is
/// none. Targets and weights as the data give them.
struct StepData {
  std::vector<Tensor> inputs;
  std::vector<Tensor> targets;
  std::vector<Tensor> weights;
  std::int64_t rows = 0;
  std::int64_t all_rows = 0;  ///< Of all ranks, where there are several.
  std::vector<std::int64_t> rows_of_ranks;
  bool ranks_lie_alike = false;  ///< Trainer::gradient_layout() is the same on all, and not 0.
};

/// What a step gave. Tensors are per model output; predictions are views that the next step of the
/// same shape overwrites.
struct StepResult {
  std::vector<Tensor> predictions;
  std::vector<Tensor> targets;  ///< As the loss took them; undefined where there is no loss.
  std::vector<Tensor> weights;  ///< float32 (N); undefined where each weighs 1.
  double loss = 0.0;
  /// Keras's loss of each output, without its loss weight; nothing where it has none.
  std::vector<std::optional<double>> output_losses;
  /// Training only: a value that is NaN or infinite, and for whose sake no weight was touched: the
  /// weight whose gradient it is, "" for the loss.
  std::optional<std::string> not_finite;
};

struct BoundExample;
class SharedStep;
class SharedUpdate;
struct SharedPlaces;

/// Everything a compiled model needs to take steps: what compile() said, the engine, the weights
/// and the optimizer's slots in it, one plan per kind and size of batch. Held by the Model. Not
/// thread-safe.
class Trainer {
 public:
  /// Throws ContractError (A001) for arguments that no model can have, EngineError (E001) for an
  /// engine or a precision that is not there. `compiled` is false where predict() made it on its
  /// own.
  Trainer(const Model& model, CompileArguments arguments, bool compiled = true);
  ~Trainer();

  const Model& model() const noexcept { return model_; }
  const CompileArguments& arguments() const noexcept { return arguments_; }
  const std::vector<OutputTraining>& outputs() const noexcept { return outputs_; }
  bool compiled() const noexcept { return compiled_; }
  const backend::Engine& engine() const noexcept { return engine_; }

  /// That steps may use; a small one takes one.
  int threads() const noexcept;

  /// To be called when a training begins: layers may have been frozen or thawed since the last one.
  void begin_training() { state_.refresh_trainable(); }
  /// One update. `class_weights`: per output, empty where there are none. With `guard` nothing is
  /// updated where the loss or a gradient is not finite; StepResult::not_finite says so.
  StepResult train(const StepData& data, std::span<const ClassWeights> class_weights = {},
                   bool guard = true);
  /// From now on train() is the step of all ranks together: each gives its rows (none, too), and
  /// all get the same weights. `communicator` outlives the training; nullptr: alone again.
  /// `threads`: to compute with where compile() asked for none; 0: one per core.
  void distribute(dist::Communicator* communicator, std::size_t bucket_bytes = 0, int threads = 0);
  /// Where ranks divide updates, each has its parts of the optimizer's slots alone. Gives it all of
  /// them: when a training ends, on all ranks together.
  void complete_slots();
  /// False where a step failed in which they did: others may have written weights of it, or may
  /// yet.
  bool weights_are_whole() const noexcept { return weights_are_whole_; }
  /// Whether they did in the last step that all took as one plan. For tests.
  bool divides_updates() const noexcept { return divides_updates_; }
  /// From here on it is told by gradient_layout() where one rank alone sets weights.
  void forget_weight_writes() noexcept { state_.forget_writes(); }
  /// Where several ranks train: how gradients lie in the step that train() would take on `data`;
  /// without rows, in one that it may take. 0: the ranks' step is cut in two (SharedUpdate).
  std::uint64_t gradient_layout(const StepData& data, std::span<const ClassWeights> class_weights);
  /// The shape of another rank's step, for steps in which this one has no rows before it has had
  /// any.
  void take_shape_without_rows(StepShape shape) { without_rows_ = std::move(shape); }
  /// train(), with the seconds that each step of last_report() took. For measuring.
  std::vector<double> profile(const StepData& data,
                              std::span<const ClassWeights> class_weights = {}, bool guard = true);
  /// Runs the forward pass of the step that train() would take next on `data` once more, slowly,
  /// and tells where the first value comes from that is NaN or infinite.
  NotFinite find_not_finite(const StepData& data, std::span<const ClassWeights> class_weights = {});
  StepResult test(const StepData& data, std::span<const ClassWeights> class_weights = {});
  std::vector<Tensor> predict(const std::vector<Tensor>& inputs);

  std::int64_t iterations() const noexcept { return iterations_; }
  void set_iterations(std::int64_t value) noexcept { iterations_ = value; }
  double learning_rate() const noexcept { return learning_rate_; }
  void set_learning_rate(double value) noexcept { learning_rate_ = value; }
  /// What the learning rate was multiplied with, for the number of ranks.
  double learning_rate_scale() const noexcept { return learning_rate_scale_; }
  void set_learning_rate_scale(double value) noexcept { learning_rate_scale_ = value; }
  /// Steps are taken with the learning rate times this.
  void set_warm_up(double factor) noexcept { warm_up_ = factor; }
  /// Of dropout.
  void set_seed(std::uint64_t seed) noexcept { seed_ = seed; }

  const EngineState& state() const noexcept { return state_; }
  /// Takes the weights in and makes the optimizer's slots, if they are not there yet.
  EngineState& training_state();
  /// What the last call of train_on_batch, test_on_batch (0) or predict_on_batch (1) was bound to.
  std::shared_ptr<BoundExample>& bound_example(std::size_t kind) { return bound_examples_[kind]; }
  struct Planned {
    const backend::PlanReport* report = nullptr;
    std::size_t input_bytes = 0;  ///< Of a batch as it is bound: inputs, targets, weights.
  };
  /// The plan of a step of that shape, compiled where it was not yet. Valid until the next training
  /// begins.
  Planned planned(const StepShape& shape);
  /// The shape of the step that train() would take on `data`.
  StepShape shape_of(const StepData& data, std::span<const ClassWeights> class_weights) const;

  /// Passes of the engine that plans compiled from now on leave out, by name. For measuring.
  void leave_out_passes(std::vector<std::string> names) {
    options_.without_passes = std::move(names);
    forget_steps();
  }

  /// The plan of the last step, for tests and reports; nullptr before the first one.
  const backend::PlanReport* last_report() const noexcept;

 private:
  struct CompiledStep {
    StepShape shape;
    StepProgram step;
    std::unique_ptr<SharedPlaces> places;  ///< Of a whole step of several ranks.
    std::unique_ptr<backend::Plan> plan;
    CompiledStep();
    CompiledStep(CompiledStep&&) noexcept;
    ~CompiledStep();
  };
  void acquire(bool for_training);
  void forget_steps();
  const StepShape& shape_without_rows() const;
  CompiledStep& step_for(StepShape shape);
  StepShape shape_of(Mode mode, const StepData& data,
                     std::span<const ClassWeights> class_weights) const;
  bool gathers() const noexcept;
  void note_step();
  CompiledStep compile_step(StepShape shape);
  CompiledStep& bind(Mode mode, const StepData& data, std::span<const ClassWeights> class_weights,
                     StepResult& result);
  StepResult train_together(const StepData& data, std::span<const ClassWeights> class_weights,
                            bool guard);
  StepResult train_in_two(const StepData& data, std::span<const ClassWeights> class_weights,
                          bool guard);
  const std::vector<MeetingOfStep>& meetings(const StepProgram& step);
  StepResult run(Mode mode, const StepData& data, std::span<const ClassWeights> class_weights,
                 bool guard);
  void read_results(CompiledStep& compiled, StepResult& result);
  backend::StepNumbers numbers(bool guard) const;

  Model model_;  ///< The same model behind a handle of its own: it does not hold this trainer.
  CompileArguments arguments_;
  std::vector<OutputTraining> outputs_;
  const backend::Engine& engine_;
  backend::CompileOptions options_;
  EngineState state_;
  std::vector<std::unique_ptr<CompiledStep>> steps_;
  CompiledStep* last_ = nullptr;
  std::array<std::shared_ptr<BoundExample>, 2> bound_examples_;
  std::int64_t iterations_ = 0;
  double learning_rate_ = 0.001;
  double learning_rate_scale_ = 1.0;
  double warm_up_ = 1.0;
  std::uint64_t seed_ = 0;
  bool compiled_ = true;
  dist::Communicator* communicator_ = nullptr;
  std::size_t bucket_bytes_ = 0;
  CompiledStep* last_shared_ = nullptr;  ///< The last whole step of several ranks.
  StepShape without_rows_;               ///< Of a step without rows before it.
  std::unique_ptr<SharedStep> shared_step_;
  bool divides_updates_ = false;
  bool weights_are_whole_ = true;
  std::unique_ptr<SharedUpdate> shared_;
  std::optional<std::vector<MeetingOfStep>> meetings_;  ///< Of the ranks in each step.
};

/// Where a batch was met.
struct BatchPlace {
  RunPlace run;
  std::span<const SampleIdentity> samples;
};
/// Throws DataError (D002) for a step that came to nothing because of a value that is not finite:
/// looks for the layer and the sample that it comes from.
[[noreturn]] void throw_not_finite(Trainer& trainer, const StepData& data,
                                   std::span<const ClassWeights> class_weights,
                                   const StepResult& result, const BatchPlace& place);

/// What throw_not_finite() would say; whether this batch has the value that began it.
struct FoundNotFinite {
  Diagnostic problem;
  bool in_this_batch = false;
};
FoundNotFinite look_for_not_finite(Trainer& trainer, const StepData& data,
                                   std::span<const ClassWeights> class_weights,
                                   const StepResult& result, const BatchPlace& place);

/// The trainer of a compiled model. Throws ContractError (A001) that says to call compile() first.
Trainer& trainer_of(const Model& model, const char* caller);
/// … or one with default arguments, for predict on a model that was not compiled.
Trainer& trainer_for_prediction(Model& model);

}  // namespace tenon::train
