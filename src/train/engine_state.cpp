#include "train/engine_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "tenon/error.hpp"
#include "train/words.hpp"

namespace tenon::train {
namespace {

/// Keras's name of a slot: "adam/small_conv_kernel_momentum".
std::string slot_name(const std::string& prefix, const Variable& variable, std::string_view port) {
  std::string path = variable.path();
  std::ranges::replace(path, '/', '_');
  return fmt::format("{}/{}_{}", prefix, path, port);
}

}  // namespace

/// Keeps the engine's memory alive for the weights, also when the training itself is gone.
class EngineState::Home : public Variable::Home {
 public:
  Home(std::shared_ptr<backend::Variables> variables,
       const std::vector<std::shared_ptr<Variable>>& weights)
      : variables_(std::move(variables)) {
    std::int32_t slot = 0;
    for (const auto& weight : weights) slots_.emplace(weight.get(), slot++);
  }
  Tensor read(const Variable& variable) const override {
    return variables_->read(slots_.at(&variable));
  }
  void write(const Variable& variable, const Tensor& value) override {
    variables_->write(slots_.at(&variable), value);
    note_write();
  }
  void note_write() noexcept { ++writes_; }
  std::uint64_t writes() const noexcept { return writes_; }
  void forget_writes() noexcept { writes_ = 0; }

 private:
  std::shared_ptr<backend::Variables> variables_;
  std::unordered_map<const Variable*, std::int32_t> slots_;
  std::uint64_t writes_ = 0;
};

EngineState::EngineState(const backend::Engine& engine, const Model& model,
                         const Optimizer& optimizer)
    : engine_(engine),
      model_(model),
      prefix_(snake_case(optimizer.class_name)),
      rule_(update_rule(optimizer)),
      gathers_(optimizer.gradient_accumulation_steps.has_value()),
      weights_(model.weights()) {}

std::vector<bool> EngineState::trainable_mask() const {
  const auto trainable = model_.trainable_weights();
  std::vector<bool> mask;
  for (const auto& weight : weights_) {
    mask.push_back(std::ranges::find(trainable, weight) != trainable.end());
  }
  return mask;
}

bool EngineState::acquire(bool for_training) {
  if (!variables_ || (for_training && (!has_slots_ || stale_))) {
    allocate(trainable_mask(), for_training);
    return true;
  }
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i]->home() == home_) continue;
    const auto slot = static_cast<std::int32_t>(i);
    const Tensor value = weights_[i]->value();
    if (!variables_->read(slot).equals(value)) home_->note_write();
    variables_->write(slot, value);
    weights_[i]->set_home(home_);
  }
  return false;
}

void EngineState::refresh_trainable() { stale_ = has_slots_ && trainable_mask() != trainable_; }

void EngineState::allocate(const std::vector<bool>& trainable, bool with_slots) {
  const auto old_values = read_slots();
  std::vector<backend::VariableSpec> specs;
  for (const auto& weight : weights_) specs.push_back({weight->path(), weight->shape()});
  std::vector<VariableSlots> slots;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (trainable[i]) {
      slots.push_back({static_cast<std::int32_t>(i),
                       std::vector<std::optional<std::int32_t>>(rule_.ports.size())});
    }
  }
  if (with_slots) {
    for (VariableSlots& entry : slots) {
      if (!gathers_) break;
      const Variable& variable = *weights_[static_cast<std::size_t>(entry.weight)];
      entry.gathered = static_cast<std::int32_t>(specs.size());
      specs.push_back({slot_name(prefix_, variable, "gradient_accumulator"), variable.shape(),
                       DType::kFloat32, entry.weight});
    }
    for (const auto& group : rule_.file_groups) {
      for (VariableSlots& entry : slots) {
        const Variable& variable = *weights_[static_cast<std::size_t>(entry.weight)];
        for (const std::size_t port : group) {
          entry.slots[port] = static_cast<std::int32_t>(specs.size());
          specs.push_back({slot_name(prefix_, variable, *rule_.ports[port]), variable.shape()});
        }
      }
    }
  }
  auto variables = engine_.create_variables(specs);
  auto home = std::make_shared<Home>(variables, weights_);
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    variables->write(static_cast<std::int32_t>(i), weights_[i]->value());
  }
  for (std::size_t i = weights_.size(); i < specs.size(); ++i) {
    const auto old =
        std::ranges::find(old_values, specs[i].name, [](const auto& entry) { return entry.first; });
    variables->write(static_cast<std::int32_t>(i), old != old_values.end()
                                                       ? old->second
                                                       : Tensor(DType::kFloat32, specs[i].shape));
  }
  for (const auto& weight : weights_) weight->set_home(home);
  variables_ = std::move(variables);
  home_ = std::move(home);
  slots_ = std::move(slots);
  trainable_ = trainable;
  has_slots_ = with_slots;
  stale_ = false;
}

std::uint64_t EngineState::writes() const noexcept { return home_ ? home_->writes() : 0; }

void EngineState::forget_writes() noexcept {
  if (home_) home_->forget_writes();
}

void EngineState::clear_gathered() {
  for (const VariableSlots& entry : slots_) {
    if (!entry.gathered) continue;
    const Shape& shape = variables_->specs()[static_cast<std::size_t>(*entry.gathered)].shape;
    variables_->write(*entry.gathered, Tensor(DType::kFloat32, shape));
  }
}

std::vector<std::pair<std::string, Tensor>> EngineState::read_slots() const {
  std::vector<std::pair<std::string, Tensor>> values;
  if (!variables_) return values;
  if (before_slots_) before_slots_();
  const auto& specs = variables_->specs();
  for (std::size_t i = weights_.size(); i < specs.size(); ++i) {
    values.emplace_back(specs[i].name, variables_->read(static_cast<std::int32_t>(i)));
  }
  return values;
}

void EngineState::write_slots(const std::vector<std::pair<std::string, Tensor>>& values) {
  if (before_slots_) before_slots_();
  const auto& specs = variables_->specs();
  const std::size_t count = specs.size() - weights_.size();
  std::vector<std::string> notes;
  if (values.size() != count) {
    notes.push_back(fmt::format("{} slots came, expected {}", values.size(), count));
  }
  for (std::size_t i = 0; i < std::min(count, values.size()); ++i) {
    const auto& [name, value] = values[i];
    const backend::VariableSpec& spec = specs[weights_.size() + i];
    if (value.dtype() == DType::kFloat32 && value.shape() == spec.shape) continue;
    notes.push_back(fmt::format("slot {} ({}) is {} {}, expected float32 {} for {}", i, name,
                                name_of(value.dtype()), value.shape().to_string(),
                                spec.shape.to_string(), spec.name));
  }
  if (!notes.empty()) {
    throw ContractError(make_diagnostic(
        "W001", fmt::format("the optimizer's state does not fit {}", prefix_), std::move(notes),
        "load it into a model with the same trainable weights and the same optimizer"));
  }
  for (std::size_t i = 0; i < count; ++i) {
    variables_->write(static_cast<std::int32_t>(weights_.size() + i), values[i].second);
  }
}

}  // namespace tenon::train
