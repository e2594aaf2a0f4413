#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/api/engine.hpp"
#include "tenon/model.hpp"
#include "train/optimizer_table.hpp"
#include "train/step_program.hpp"

namespace tenon::train {

/// The weights of a model and the optimizer's slots in an engine's memory: the weights first, in
/// the order of Model::weights(), then the slots in the order of Keras's files. While it holds the
/// weights it is their home: Variable::value() reads from the engine.
class EngineState {
 public:
  EngineState(const backend::Engine& engine, const Model& model, const Optimizer& optimizer);

  /// Takes the weights in that live elsewhere (new ones, or those that another training holds); for
  /// training also makes the optimizer's slots, all zero at first. True if memory was made anew, so
  /// that plans compiled before are void. Slots of variables that stay trainable keep their values.
  bool acquire(bool for_training);
  /// Looks which weights are trainable now; where that has changed, the next acquire makes the
  /// memory anew. To be called when a training begins.
  void refresh_trainable();

  const std::shared_ptr<backend::Variables>& variables() const noexcept { return variables_; }
  bool has_slots() const noexcept { return has_slots_; }
  /// Sets the gradients that were gathered over steps to 0.
  void clear_gathered();
  /// Per trainable variable, for the update ops.
  const std::vector<VariableSlots>& slots() const noexcept { return slots_; }

  /// What is to be done before slots are read or written, if anything.
  void set_before_slots(std::function<void()> call) { before_slots_ = std::move(call); }
  /// How often somebody has set a weight since forget_writes().
  std::uint64_t writes() const noexcept;
  void forget_writes() noexcept;

  /// The optimizer's slots in Keras's order, with Keras's names. Empty if there are none yet.
  std::vector<std::pair<std::string, Tensor>> read_slots() const;
  /// Throws ContractError (W001) if count or shapes differ; nothing is changed then. The names are
  /// not looked at, as in Keras.
  void write_slots(const std::vector<std::pair<std::string, Tensor>>& values);

 private:
  class Home;
  void allocate(const std::vector<bool>& trainable, bool with_slots);
  std::vector<bool> trainable_mask() const;

  const backend::Engine& engine_;
  const Model& model_;
  std::string prefix_;  ///< "adam": of the slots' names.
  UpdateRule rule_;
  bool gathers_;  ///< Gradients of several steps.
  std::vector<std::shared_ptr<Variable>> weights_;
  std::vector<bool> trainable_;
  bool has_slots_ = false;
  bool stale_ = false;  ///< Other weights are trainable than when the slots were made.
  std::shared_ptr<backend::Variables> variables_;
  std::shared_ptr<Home> home_;
  std::vector<VariableSlots> slots_;
  std::function<void()> before_slots_;
};

}  // namespace tenon::train
