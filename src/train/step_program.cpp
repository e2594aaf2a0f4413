#include "train/step_program.hpp"

#include <algorithm>

#include "backend/api/guard.hpp"
#include "graph/lower.hpp"
#include "ops/descriptor.hpp"
#include "train/loss_table.hpp"
#include "train/optimizer_table.hpp"

namespace tenon::train {
namespace {

using ops::ValueId;

Shape class_id_shape(const Shape& prediction) {
  return Shape(std::vector<std::int64_t>(prediction.begin(), prediction.end() - 1));
}

/// Variables are written behind all else, so that a step can end before it has changed one.
void put_writes_last(ops::Program& program) {
  ops::remove_dead_nodes(program);
  // (clang 14 does not take what std::ranges::stable_partition gives back.)
  std::stable_partition(program.nodes.begin(), program.nodes.end(),
                        [](const ops::Node& node) { return !backend::writes_variable(node); });
}

/// Clips gradients and applies them.
class Updates {
 public:
  Updates(ops::Builder& builder, StepProgram& step) : builder_(builder), step_(step) {}

  /// `variables` and `gradients` by trainable variable.
  void apply(const UpdatePart& part, const std::vector<ValueId>& variables,
             std::vector<ValueId> gradients) {
    if (!part.gathers) {
      take_mean(gradients, variables, part);
      clip(gradients, part.optimizer);
    }
    const UpdateRule rule = update_rule(part.optimizer);
    for (std::size_t i = 0; i < part.slots.size(); ++i) {
      const std::string name = step_.program.value(variables[i]).name;
      if (gradients[i] == ops::kNoValue) {
        step_.without_gradient.push_back(name);
      } else {
        if (part.gathers) {
          gather(gathered(part.slots[i], variables[i]), gradients[i]);
        } else {
          update(rule, part.slots[i], variables[i], gradients[i]);
        }
        step_.guarded.push_back(gradients[i]);
        step_.guarded_weights.push_back(name);
      }
    }
  }

 private:
  ValueId gathered(const VariableSlots& entry, ValueId weight) {
    const ops::Value& value = step_.program.value(weight);
    const std::string name = value.name + "/gathered";
    return builder_.variable(*entry.gathered, name, Shape(value.shape));
  }

  void gather(ValueId sum, ValueId gradient) {
    builder_.append(ops::OpKind::kSgdUpdate, ops::OptimizerAttributes{}, {sum, gradient},
                    "gather/" + step_.program.value(sum).name);
  }

  /// Of the gradients that were gathered and this step's.
  void take_mean(std::vector<ValueId>& gradients, const std::vector<ValueId>& variables,
                 const UpdatePart& part) {
    const auto steps = part.optimizer.gradient_accumulation_steps;
    for (std::size_t i = 0; steps && i < gradients.size(); ++i) {
      if (gradients[i] == ops::kNoValue) continue;
      const ValueId sum = builder_.apply(ops::OpKind::kAddN, ops::NoAttributes{},
                                         {gradients[i], gathered(part.slots[i], variables[i])},
                                         "mean_of_gradients");
      const auto factor = static_cast<float>(1.0 / static_cast<double>(*steps));
      gradients[i] = builder_.apply(ops::OpKind::kAffine, ops::AffineAttributes{{factor}, {0.0F}},
                                    {sum}, "mean_of_gradients");
    }
  }

  void clip(std::vector<ValueId>& gradients, const Optimizer& optimizer) {
    if (optimizer.global_clipnorm) return clip_together(gradients, *optimizer.global_clipnorm);
    if (!optimizer.clipnorm && !optimizer.clipvalue) return;
    const ops::OpKind kind =
        optimizer.clipnorm ? ops::OpKind::kClipByNorm : ops::OpKind::kClipByValue;
    const double limit = optimizer.clipnorm ? *optimizer.clipnorm : *optimizer.clipvalue;
    for (ValueId& gradient : gradients) {
      if (gradient == ops::kNoValue) continue;
      gradient =
          builder_.apply(kind, ops::ClipAttributes{.limit = limit}, {gradient}, "clip_gradients");
    }
  }

  void clip_together(std::vector<ValueId>& gradients, double limit) {
    std::vector<ValueId> present;
    std::ranges::copy_if(gradients, std::back_inserter(present),
                         [](ValueId id) { return id != ops::kNoValue; });
    if (present.empty()) return;
    const std::vector<ValueId> clipped =
        builder_.append(ops::OpKind::kClipByGlobalNorm, ops::ClipAttributes{.limit = limit},
                        present, "clip_gradients");
    std::size_t next = 0;
    for (ValueId& gradient : gradients) {
      if (gradient != ops::kNoValue) gradient = clipped[next++];
    }
  }

  void update(const UpdateRule& rule, const VariableSlots& entry, ValueId weight,
              ValueId gradient) {
    std::vector<ValueId> ports{weight, gradient};
    const Shape& shape = builder_.shape(weight);
    for (std::size_t port = 0; port < entry.slots.size(); ++port) {
      const std::optional<std::int32_t>& slot = entry.slots[port];
      if (!slot) {
        ports.push_back(ops::kNoValue);
        continue;
      }
      const std::string name =
          step_.program.value(weight).name + "/" + std::string(*rule.ports[port]);
      ports.push_back(builder_.variable(*slot, name, shape));
    }
    builder_.append(rule.kind, rule.attributes, std::move(ports),
                    "update/" + step_.program.value(weight).name);
  }

  ops::Builder& builder_;
  StepProgram& step_;
};

/// Writes one step; its parts in the order of run().
class StepWriter {
 public:
  StepWriter(const Model& model, const std::vector<OutputTraining>& outputs, const StepShape& shape)
      : model_(model), outputs_(outputs), shape_(shape), builder_(step_.program) {}

  void forward() {
    lowered_ = graph::lower(model_, builder_, shape_.input_shapes, shape_.input_dtypes,
                            {.training = trains()});
    for (const ValueId id : lowered_.inputs) {
      step_.inputs.push_back(static_cast<std::size_t>(step_.program.value(id).slot));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      step_.predictions.push_back(
          add_output("prediction/" + outputs_[i].name(), lowered_.outputs[i]));
      step_.prediction_shapes.push_back(builder_.shape(lowered_.outputs[i]));
    }
    step_.targets.resize(outputs_.size());
    step_.weights.resize(outputs_.size());
    step_.output_losses.resize(outputs_.size());
  }

  void losses() {
    std::vector<ValueId> terms;
    const bool several = count_losses(outputs_) > 1;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!outputs_[i].loss) continue;
      const ValueId total = loss_of(i);
      if (several) step_.output_losses[i] = add_output("loss/" + outputs_[i].name(), total);
      if (outputs_[i].loss_weight != 0.0) terms.push_back(total);
    }
    const std::vector<ValueId> penalties = weight_penalties();
    terms.insert(terms.end(), penalties.begin(), penalties.end());
    if (terms.empty()) terms.push_back(builder_.constant(0.0F, Shape{}));
    loss_ = terms.size() == 1
                ? terms.front()
                : builder_.apply(ops::OpKind::kAddN, ops::NoAttributes{}, terms, "loss");
    step_.loss = add_output("loss", loss_);
  }

  void updates(const Optimizer& optimizer, const std::vector<VariableSlots>& slots) {
    for (const ops::Node& node : step_.program.nodes) note_written(node);
    Updates updates(builder_, step_);
    std::vector<ValueId> variables;
    variables.reserve(slots.size());
    for (const VariableSlots& entry : slots) variables.push_back(variable(entry.weight));
    updates.apply({optimizer, slots, shape_.gathers}, variables,
                  ops::append_gradients(step_.program, loss_, variables));
    step_.guarded.insert(step_.guarded.begin(), loss_);
    step_.guarded_weights.insert(step_.guarded_weights.begin(), "");
  }

  /// Gradients as outputs in place of updates.
  void gradients(const std::vector<VariableSlots>& slots) {
    std::vector<ValueId> variables;
    variables.reserve(slots.size());
    for (const VariableSlots& entry : slots) variables.push_back(variable(entry.weight));
    const auto made = ops::append_gradients(step_.program, loss_, variables);
    for (std::size_t i = 0; i < made.size(); ++i) {
      const std::string& name = step_.program.value(variables[i]).name;
      step_.gradients.emplace_back();
      if (made[i] == ops::kNoValue) {
        step_.without_gradient.push_back(name);
      } else {
        step_.gradients.back() = add_output("gradient/" + name, made[i]);
      }
    }
    for (const ops::Node& node : step_.program.nodes) note_written(node);
  }

  /// Makes every number on the way an output.
  void look_at_everything() {
    std::erase_if(step_.program.nodes, backend::writes_variable);
    for (const ops::Node& node : step_.program.nodes) {
      // A loss gives its sum first and then what each row adds to it, which says more.
      for (auto output = node.outputs.rbegin(); output != node.outputs.rend(); ++output) {
        const ValueId id = *output;
        if (id == ops::kNoValue) continue;
        const ops::Value& value = step_.program.value(id);
        if (value.opaque || value.dtype != DType::kFloat32) continue;
        const std::string name = "look/" + std::to_string(step_.looked_at.size());
        step_.looked_at.push_back(
            {add_output(name, id), node.name, std::string(ops::name_of(node.kind))});
      }
    }
  }

  StepProgram finish() {
    put_writes_last(step_.program);
    return std::move(step_);
  }

 private:
  bool trains() const { return shape_.mode != Mode::kTest && shape_.mode != Mode::kPredict; }

  std::size_t add_output(std::string name, ValueId value) {
    builder_.output(std::move(name), value);
    return step_.program.outputs.size() - 1;
  }

  ValueId add_input(std::string name, DType dtype, Shape shape, std::optional<std::size_t>& index) {
    index = step_.program.inputs.size();
    return builder_.input(std::move(name), dtype, std::move(shape));
  }

  ValueId variable(std::int32_t weight) const {
    return lowered_.variables[static_cast<std::size_t>(weight)];
  }

  /// The loss of output `i` times its loss weight; with a weight of 0 as it is, for the logs.
  ValueId loss_of(std::size_t i) {
    const OutputTraining& output = outputs_[i];
    const Shape& prediction = step_.prediction_shapes[i];
    const bool ids = output.target_form() == TargetForm::kClassIds;
    std::vector<ValueId> ports{
        lowered_.outputs[i],
        add_input("target/" + output.name(), ids ? DType::kInt32 : DType::kFloat32,
                  ids ? class_id_shape(prediction) : prediction, step_.targets[i])};
    if (shape_.weighted[i]) {
      ports.push_back(add_input("sample_weight/" + output.name(), DType::kFloat32,
                                Shape{prediction[0]}, step_.weights[i]));
    }
    const double weight = output.loss_weight == 0.0 ? 1.0 : output.loss_weight;
    const std::string name = "loss/" + output.name();
    std::vector<ValueId> totals;
    for (const LossTerm& term : terms_of(*output.loss)) {
      totals.push_back(builder_
                           .append(ops::OpKind::kLoss,
                                   loss_attributes(*term.loss, weight * term.weight), ports, name)
                           .front());
    }
    if (totals.size() == 1) return totals.front();
    return builder_.apply(ops::OpKind::kAddN, ops::NoAttributes{}, totals, name);
  }

  /// In training the lowered model has them; Keras counts them in evaluate's loss too.
  std::vector<ValueId> weight_penalties() {
    if (trains()) return lowered_.penalties;
    std::vector<ValueId> penalties;
    const auto weights = model_.weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const Regularizer& regularizer = weights[i]->regularizer();
      if (!lowered_.trainable[i] || !regularizer.active()) continue;
      penalties.push_back(
          builder_.apply(ops::OpKind::kL1L2Penalty,
                         ops::PenaltyAttributes{.l1 = regularizer.l1, .l2 = regularizer.l2},
                         {lowered_.variables[i]}, weights[i]->path() + "/penalty"));
    }
    return penalties;
  }

  void note_written(const ops::Node& node) {
    const auto& ports = ops::descriptor(node.kind).inputs;
    for (std::size_t i = 0; i < node.inputs.size() && i < ports.size(); ++i) {
      if (!ports[i].written || node.inputs[i] == ops::kNoValue) continue;
      const std::int32_t slot = step_.program.value(node.inputs[i]).slot;
      if (std::ranges::find(step_.written, slot) == step_.written.end())
        step_.written.push_back(slot);
    }
  }

  const Model& model_;
  const std::vector<OutputTraining>& outputs_;
  const StepShape& shape_;
  StepProgram step_;
  ops::Builder builder_;
  graph::LoweredModel lowered_;
  ValueId loss_ = ops::kNoValue;
};

}  // namespace

StepProgram build_step_program(const Model& model, const std::vector<OutputTraining>& outputs,
                               const StepShape& shape, const Optimizer& optimizer,
                               const std::vector<VariableSlots>& slots) {
  StepWriter writer(model, outputs, shape);
  writer.forward();
  if (shape.mode != Mode::kPredict) writer.losses();
  if (shape.mode == Mode::kTrain) writer.updates(optimizer, slots);
  if (shape.mode == Mode::kLook) writer.look_at_everything();
  return writer.finish();
}

StepProgram build_gradient_program(const Model& model, const std::vector<OutputTraining>& outputs,
                                   const StepShape& shape,
                                   const std::vector<VariableSlots>& slots) {
  StepWriter writer(model, outputs, shape);
  writer.forward();
  writer.losses();
  writer.gradients(slots);
  return writer.finish();
}

StepProgram build_update_program(const Model& model, const UpdatePart& part,
                                 const std::vector<bool>& reached) {
  const std::vector<VariableSlots>& slots = part.slots;
  StepProgram step;
  ops::Builder builder(step.program);
  const auto weights = model.weights();
  std::vector<ValueId> variables;
  std::vector<ValueId> gradients;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Variable& weight = *weights[static_cast<std::size_t>(slots[i].weight)];
    variables.push_back(builder.variable(slots[i].weight, weight.path(), weight.shape()));
    gradients.push_back(ops::kNoValue);
    step.gradients.emplace_back();
    if (!reached[i]) continue;
    step.gradients.back() = step.program.inputs.size();
    gradients.back() = builder.input("gradient/" + weight.path(), DType::kFloat32, weight.shape());
  }
  Updates(builder, step).apply(part, variables, std::move(gradients));
  put_writes_last(step.program);
  return step;
}

}  // namespace tenon::train
