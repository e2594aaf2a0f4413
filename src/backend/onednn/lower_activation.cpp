#include "backend/onednn/kernels/activation.hpp"
#include "backend/onednn/kernels/softmax.hpp"
#include "backend/onednn/lowering.hpp"

namespace tenon::backend::onednn {
namespace {

SoftmaxShape softmax_shape(const Shape& shape, int axis) {
  const auto along = static_cast<std::size_t>(axis < 0 ? axis + shape.rank() : axis);
  SoftmaxShape result;
  for (std::size_t i = 0; i < shape.dims().size(); ++i) {
    (i < along ? result.outer : (i == along ? result.classes : result.inner)) *= shape[i];
  }
  return result;
}

}  // namespace

void lower_activation(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::ActivationAttributes>(node.op.attributes);
  const std::int64_t count = lowering.count(node.op.outputs[0]);
  if (attributes.kind == ops::ActivationKind::kLinear) {
    const Layout layout = lowering.graph().layout(node.op.outputs[0]);
    const CellId same =
        layout ? lowering.laid_out(node.op.inputs[0], layout)
               : lowering.plain(node.op.inputs[0], lowering.stored(node.op.outputs[0]));
    lowering.make_view(node.op.outputs[0], same, 0, layout);
    return;
  }
  const CellId x = lowering.wanted(node.op.inputs[0]);
  const CellId y = lowering.make_wanted(node.op.outputs[0]);
  Step& step =
      lowering.add_step(node, "own:activation", {x}, {y},
                        [attributes, count, threads = lowering.threads(), x = lowering.numbers(x),
                         y = lowering.numbers(y)](const StepNumbers&) {
                          activation_forward(attributes, threads, x.read(), y.write(), count);
                        });
  step.memory.in_place = {{y, x}};
}

void lower_activation_backward(Lowering& lowering, const GraphNode& node) {
  const auto& attributes = std::get<ops::ActivationAttributes>(node.op.attributes);
  const std::int64_t count = lowering.count(node.op.outputs[0]);
  const CellId source = lowering.wanted(node.op.inputs[0]);
  const CellId dy = lowering.wanted(node.op.inputs[1]);
  const CellId dx = lowering.make_wanted(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:activation", {source, dy}, {dx},
      [attributes, count, threads = lowering.threads(), source = lowering.numbers(source),
       dy = lowering.numbers(dy), dx = lowering.numbers(dx)](const StepNumbers&) {
        activation_backward(attributes, threads, source.read(), dy.read(), dx.write(), count);
      });
  step.memory.in_place = {{dx, dy}, {dx, source}};
}

void lower_softmax(Lowering& lowering, const GraphNode& node) {
  const SoftmaxShape shape = softmax_shape(lowering.shape(node.op.inputs[0]),
                                           std::get<ops::AxisAttributes>(node.op.attributes).axis);
  const bool logarithm = node.op.kind == ops::OpKind::kLogSoftmax;
  const CellId x = lowering.plain(node.op.inputs[0]);
  const CellId y = lowering.make(node.op.outputs[0]);
  Step& step = lowering.add_step(
      node, "own:softmax", {x}, {y},
      [shape, logarithm, threads = lowering.threads(), x = lowering.ref(x), y = lowering.ref(y)](
          const StepNumbers&) { softmax_forward(shape, threads, logarithm, x.as(), y.as()); });
  step.memory.in_place = {{y, x}};
}

void lower_softmax_backward(Lowering& lowering, const GraphNode& node) {
  const SoftmaxShape shape = softmax_shape(lowering.shape(node.op.inputs[0]),
                                           std::get<ops::AxisAttributes>(node.op.attributes).axis);
  const bool logarithm = node.op.kind == ops::OpKind::kLogSoftmaxBackward;
  const CellId y = lowering.plain(node.op.inputs[0]);
  const CellId dy = lowering.plain(node.op.inputs[1]);
  const CellId dx = lowering.make(node.op.outputs[0]);
  Step& step =
      lowering.add_step(node, "own:softmax", {y, dy}, {dx},
                        [shape, logarithm, threads = lowering.threads(), y = lowering.ref(y),
                         dy = lowering.ref(dy), dx = lowering.ref(dx)](const StepNumbers&) {
                          softmax_backward(shape, threads, logarithm, y.as(), dy.as(), dx.as());
                        });
  step.memory.in_place = {{dx, dy}};
}

}  // namespace tenon::backend::onednn
