#include "train/state.hpp"

#include "train/trainer.hpp"

namespace tenon::train {

std::optional<OptimizerState> optimizer_state(const Model& model) {
  if (!model.compiled()) return std::nullopt;
  const Trainer& trainer = *model.trainer();
  return OptimizerState{.iterations = trainer.iterations(),
                        .learning_rate = trainer.learning_rate(),
                        .slots = trainer.state().read_slots()};
}

void set_optimizer_state(Model& model, const OptimizerState& state) {
  Trainer& trainer = trainer_of(model, "set_optimizer_state");
  if (!state.slots.empty()) trainer.training_state().write_slots(state.slots);
  trainer.set_iterations(state.iterations);
  trainer.set_learning_rate(state.learning_rate);
}

}  // namespace tenon::train
