#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ops/program.hpp"
#include "tenon/model.hpp"
#include "train/outputs.hpp"

namespace tenon::train {

/// kLook is kTrain up to the losses, with everything that is computed on the way as an output, and
/// no variable written: for finding out where a bad value came from.
/// kGradients is the first half of a training step that is cut in two.
enum class Mode : std::uint8_t { kTrain, kTest, kPredict, kLook, kGradients };

/// What a step's program depends on.
struct StepShape {
  Mode mode = Mode::kPredict;
  std::vector<Shape> input_shapes;  ///< Whole, with the batch axis, per model input.
  std::vector<DType> input_dtypes;
  std::vector<bool> weighted;  ///< Per output: its loss has sample weights.
  bool gathers = false;  ///< A training step that adds its gradients to those gathered before.
  bool operator==(const StepShape&) const = default;
};

/// Where the optimizer's slots of one trainable variable are kept. Per port of the update op.
struct VariableSlots {
  std::int32_t weight = 0;                         ///< Index in Model::weights().
  std::vector<std::optional<std::int32_t>> slots;  ///< Variable slots of the engine.
  std::optional<std::int32_t> gathered{};  ///< … of the gradients of several steps, if they are.
};

/// The optimizer's part of a step. Where it gathers the gradients of several steps, all but the
/// last add theirs up (StepNumbers::learning_rate is then kGatheringRate), and the last applies the
/// mean; who runs it then sets those gathered to 0.
struct UpdatePart {
  const Optimizer& optimizer;
  const std::vector<VariableSlots>& slots;
  bool gathers = false;
};
/// Sums are updates of SGD.
inline constexpr float kGatheringRate = -1.0F;

/// A value on the way of a step.
struct LookedAt {
  std::size_t output = 0;  ///< Index into Program::outputs.
  std::string name;        ///< The layer, "loss/cell" for a loss.
  std::string op;          ///< "dense", "activation", …
};

/// A step as primitive operations, and where its ends are. Indices are into Program::inputs and
/// Program::outputs.
struct StepProgram {
  ops::Program program;
  std::vector<std::size_t> inputs;                  ///< Per model input.
  std::vector<std::optional<std::size_t>> targets;  ///< Per model output, where it has a loss.
  std::vector<std::optional<std::size_t>> weights;
  std::vector<std::size_t> predictions;  ///< Per model output.
  std::vector<Shape> prediction_shapes;
  std::optional<std::size_t> loss;
  /// Per model output, where it has a loss and others have one too: its loss times its loss weight
  /// (unweighted where that is 0).
  std::vector<std::optional<std::size_t>> output_losses;
  /// kTrain: what must be finite before variables are written: the loss, then the gradients as they
  /// are applied; and the weights that these are of ("" for the loss).
  std::vector<ops::ValueId> guarded;
  std::vector<std::string> guarded_weights;
  /// Where updates are apart: the gradient of each trainable variable as an output of the step, and
  /// as an input of the updates; nothing where the loss does not reach it.
  std::vector<std::optional<std::size_t>> gradients;
  /// The variables that a training step itself writes (moving averages), as indices of
  /// Model::weights().
  std::vector<std::int32_t> written;
  std::vector<LookedAt> looked_at;            ///< kLook: in the order in which they are computed.
  std::vector<std::string> without_gradient;  ///< Trainable variables that the loss does not reach.
};

/// Writes a step out: the model lowered, and for training and testing the losses (prediction,
/// target, weights) and the weights' penalties; for training the gradients of all trainable
/// variables, clipped, and their updates. `slots` has one entry per trainable variable.
StepProgram build_step_program(const Model& model, const std::vector<OutputTraining>& outputs,
                               const StepShape& shape, const Optimizer& optimizer,
                               const std::vector<VariableSlots>& slots);

/// The step cut in two, for what happens to gradients between the ranks of a run: this one ends
/// with the gradients as they come, as outputs.
StepProgram build_gradient_program(const Model& model, const std::vector<OutputTraining>& outputs,
                                   const StepShape& shape, const std::vector<VariableSlots>& slots);
/// … and this one clips and applies them. Inputs where `reached` says that there is a gradient.
StepProgram build_update_program(const Model& model, const UpdatePart& part,
                                 const std::vector<bool>& reached);

}  // namespace tenon::train
