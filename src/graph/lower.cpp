#include "graph/lower.hpp"

#include <fmt/format.h>

#include <map>

#include "graph/lower_context.hpp"
#include "graph/model_object.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

/// Writes models out, one within another.
class ModelLowering {
 public:
  ModelLowering(ops::Builder& builder, bool training,
                std::map<const Variable*, ops::ValueId> values)
      : builder_(builder), training_(training), variables_(std::move(values)) {}

  std::vector<ops::ValueId> run(const ModelObject& model, const std::vector<ops::ValueId>& inputs) {
    std::map<const CallNode*, std::vector<ops::ValueId>> results;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      results[model.inputs[i].call().get()] = {inputs[i]};
    }
    const auto result_of = [&](const SymbolicTensor& tensor) {
      return results.at(tensor.call().get())[static_cast<std::size_t>(tensor.tensor_index())];
    };
    for (const auto& node : model.nodes) {
      if (results.contains(node.get())) continue;
      std::vector<ops::ValueId> arguments;
      for (const SymbolicTensor& input : node->inputs) arguments.push_back(result_of(input));
      results[node.get()] = run_call(*node, std::move(arguments));
    }
    std::vector<ops::ValueId> outputs;
    for (const SymbolicTensor& output : model.outputs) outputs.push_back(result_of(output));
    return outputs;
  }

 private:
  std::vector<ops::ValueId> run_call(const CallNode& node, std::vector<ops::ValueId> inputs) {
    const LayerObject& layer = *node.layer;
    if (layer.nested()) return run(*layer.nested(), inputs);
    LowerContext context(
        builder_, layer, std::move(inputs), training_,
        [this](const Variable& variable) { return variables_.at(&variable); }, next_stream_);
    return {layer.descriptor().lower(layer.settings(), context)};
  }

  ops::Builder& builder_;
  bool training_;
  std::map<const Variable*, ops::ValueId> variables_;
  std::uint64_t next_stream_ = 0;
};

ops::ValueId append_input(ops::Builder& builder, const Port& port, const Shape& shape,
                          DType dtype) {
  if (!port.spec.shape_fits(shape)) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("model input {} is given {}", quote_key(port.name), shape.to_string()),
        {"expected: " + port.spec.shape_string()}));
  }
  if (dtype == DType::kString) {
    throw ShapeError(make_diagnostic(
        "D001", fmt::format("model input {} is given strings", quote_key(port.name)),
        {"expected: numbers"}));
  }
  return builder.input(port.name, dtype, shape);
}

ops::ValueId as_float32(ops::Builder& builder, const std::string& name, ops::ValueId value) {
  if (builder.dtype(value) == DType::kFloat32) return value;
  return builder.apply(ops::OpKind::kCast, ops::CastAttributes{DType::kFloat32}, {value}, name);
}

void append_penalties(const ModelObject& model, ops::Builder& builder,
                      const std::map<const Variable*, ops::ValueId>& values,
                      std::vector<ops::ValueId>& penalties) {
  for (const auto& variable : model.trainable_weights()) {
    const Regularizer& regularizer = variable->regularizer();
    if (!regularizer.active()) continue;
    penalties.push_back(builder.apply(ops::OpKind::kL1L2Penalty,
                                      ops::PenaltyAttributes{regularizer.l1, regularizer.l2},
                                      {values.at(variable.get())}, variable->path()));
  }
}

}  // namespace

LoweredModel lower(const Model& model, ops::Builder& builder,
                   const std::vector<Shape>& input_shapes, const std::vector<DType>& input_dtypes,
                   const LowerOptions& options) {
  const ModelObject& object = *model.object();
  const std::vector<Port> ports = model.inputs();
  if (input_shapes.size() != ports.size() || input_dtypes.size() != ports.size()) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("model {} has {} inputs and is given {} shapes and {} dtypes",
                            quote_key(object.name), ports.size(), input_shapes.size(),
                            input_dtypes.size())));
  }
  LoweredModel lowered;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    lowered.inputs.push_back(append_input(builder, ports[i], input_shapes[i], input_dtypes[i]));
  }
  std::vector<ops::ValueId> arguments;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    arguments.push_back(as_float32(builder, ports[i].name, lowered.inputs[i]));
  }
  std::map<const Variable*, ops::ValueId> values;
  for (const auto& variable : object.weights()) {
    const auto slot = static_cast<std::int32_t>(lowered.variables.size());
    const ops::ValueId value = builder.variable(slot, variable->path(), variable->shape());
    values[variable.get()] = value;
    lowered.variables.push_back(value);
  }
  std::map<const Variable*, bool> is_trainable;
  for (const auto& variable : object.trainable_weights()) is_trainable[variable.get()] = true;
  for (const auto& variable : object.weights()) {
    lowered.trainable.push_back(is_trainable[variable.get()]);
  }
  if (options.training) append_penalties(object, builder, values, lowered.penalties);
  ModelLowering lowering(builder, options.training, std::move(values));
  lowered.outputs = lowering.run(object, arguments);
  return lowered;
}

}  // namespace tenon::graph
