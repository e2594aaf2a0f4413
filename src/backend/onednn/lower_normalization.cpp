#include <algorithm>
#include <vector>

#include "backend/onednn/kernels/batch_normalization.hpp"
#include "backend/onednn/kernels/elementwise.hpp"
#include "backend/onednn/lowering.hpp"
#include "backend/onednn/normalization_shape.hpp"

namespace tenon::backend::onednn {
namespace {

// The kernels take images all of one dtype: bfloat16 where each is held so.
DType common_dtype(const Lowering& lowering, const std::vector<ops::ValueId>& images) {
  const bool narrow = std::all_of(images.begin(), images.end(), [&](ops::ValueId id) {
    return id == ops::kNoValue || lowering.stored(id) == DType::kBFloat16;
  });
  return narrow ? DType::kBFloat16 : DType::kFloat32;
}

}  // namespace

BatchNormalization normalization_shape(const Lowering& lowering, const GraphNode& node) {
  const Shape& x = lowering.shape(node.op.inputs[0]);
  const std::int64_t block = block_of(lowering.graph().layout(node.op.inputs[0]));
  BatchNormalization shape;
  shape.images = block != 0 ? x[0] : 1;
  shape.blocks = block != 0 ? x.dim(-1) / block : 1;
  shape.width = block != 0 ? block : x.dim(-1);
  shape.rows = x.element_count() / (shape.images * x.dim(-1));
  shape.epsilon = std::get<ops::NormalizationAttributes>(node.op.attributes).epsilon;
  shape.rectify = node.rectified;
  shape.slope = node.slope;
  return shape;
}

Synchronization::Synchronization(const GraphNode& node)
    : synchronized_(std::get<ops::NormalizationAttributes>(node.op.attributes).synchronized),
      name_(node.op.name) {}

void lower_normalization(Lowering& lowering, const GraphNode& node) {
  const bool training = node.op.kind == ops::OpKind::kBatchNormalizationTraining;
  const BatchNormalization shape = normalization_shape(lowering, node);
  const DType dtype = common_dtype(lowering, {node.op.inputs[0], node.op.outputs[0]});
  const CellId x = lowering.wanted(node.op.inputs[0], dtype);
  const CellId gamma = lowering.plain(node.op.inputs[1]);
  const CellId beta = lowering.plain(node.op.inputs[2]);
  const CellId y = lowering.make_wanted(node.op.outputs[0], dtype);
  const CellId mean =
      training ? lowering.make(node.op.outputs[1]) : lowering.plain(node.op.inputs[3]);
  const CellId variance =
      training ? lowering.make(node.op.outputs[2]) : lowering.plain(node.op.inputs[4]);
  std::vector<CellId> reads{x, gamma, beta};
  std::vector<CellId> writes{y};
  auto& others = training ? writes : reads;
  others.insert(others.end(), {mean, variance});
  Step& step = lowering.add_step(
      node, "own:batch_normalization", std::move(reads), std::move(writes),
      [shape, training, threads = lowering.threads(), x = lowering.numbers(x),
       gamma = lowering.ref(gamma), beta = lowering.ref(beta), mean = lowering.ref(mean),
       variance = lowering.ref(variance), y = lowering.numbers(y), scratch = lowering.scratch(),
       synchronization = Synchronization(node)](const StepNumbers& numbers) {
        auto* memory = scratch.as<std::byte>();
        if (training) {
          batch_statistics(shape, threads, x.read(), mean.as(), variance.as(), memory,
                           synchronization.in(numbers));
        }
        normalize(shape, threads, x.read(), gamma.as(), beta.as(), mean.as(), variance.as(),
                  y.write(), memory);
      });
  step.memory.scratch_bytes = batch_normalization_scratch(shape);
  step.memory.in_place = {{y, x}};
}

void lower_normalization_backward(Lowering& lowering, const GraphNode& node) {
  const bool training = node.op.kind == ops::OpKind::kBatchNormalizationBackward;
  const BatchNormalization shape = normalization_shape(lowering, node);
  const DType dtype =
      common_dtype(lowering, {node.op.inputs[0], node.op.inputs[1], node.op.outputs[0]});
  std::vector<CellId> in;
  for (std::size_t i = 0; i < node.op.inputs.size(); ++i) {
    in.push_back(lowering.wanted(node.op.inputs[i], i < 2 ? dtype : DType::kFloat32));
  }
  in.push_back(lowering.plain(node.beta));
  std::vector<CellId> out;
  for (std::size_t i = 0; i < node.op.outputs.size(); ++i) {
    out.push_back(lowering.make_wanted(node.op.outputs[i], i == 0 ? dtype : DType::kFloat32));
  }
  Step& step = lowering.add_step(
      node, "own:batch_normalization", in, out,
      [shape, training, threads = lowering.threads(), x = lowering.numbers(in[0]),
       dy = lowering.numbers(in[1]), gamma = lowering.ref(in[2]), mean = lowering.ref(in[3]),
       variance = lowering.ref(in[4]), beta = lowering.ref(in[5]), dx = lowering.numbers(out[0]),
       dgamma = lowering.ref(out[1]), dbeta = lowering.ref(out[2]), scratch = lowering.scratch(),
       synchronization = Synchronization(node)](const StepNumbers& numbers) {
        const NormalizationGradient gradient{x.read(),   dy.read(),   gamma.as(),
                                             beta.as(),  mean.as(),   variance.as(),
                                             dx.write(), dgamma.as(), dbeta.as()};
        batch_normalization_backward(shape, threads, training, gradient, scratch.as<std::byte>(),
                                     synchronization.in(numbers));
      });
  step.memory.scratch_bytes = batch_normalization_scratch(shape);
  if (out[0] != kNoCell) step.memory.in_place = {{out[0], in[1]}};
}

void lower_moving_average(Lowering& lowering, const GraphNode& node) {
  const double momentum = std::get<ops::MovingAverageAttributes>(node.op.attributes).momentum;
  const CellId moving = lowering.plain(node.op.inputs[0]);
  const CellId value = lowering.plain(node.op.inputs[1]);
  lowering.add_step(
      node, "own:elementwise", {moving, value}, {moving},
      [momentum, count = lowering.count(node.op.inputs[0]), moving = lowering.ref(moving),
       value = lowering.ref(value)](const StepNumbers&) {
        moving_average(static_cast<float>(momentum), moving.as(), value.as(), count);
      });
}

}  // namespace tenon::backend::onednn
